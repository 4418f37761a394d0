"""Where somebody is at home: asked once, remembered, changed or forgotten at a word.

What a newcomer gets wrong: the village decides, not the person. A place of our list tells its province by its path
and whether it is a village or a community by its kind; what the person said (`person.jurisdiction`, `person.kind`)
only fills what the place leaves open.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from handlers.services.place_names import ELECTING, matching, short_name
from knowledge.jurisdiction import NATION, lineage, province_of
from knowledge.model import Jurisdiction, Kind
from storage.repositories.people import Person
from storage.repositories.places import Place
from storage.unit_of_work import UnitOfWork

LONGEST_NAME: Final = 20
_SHORTEST_NAME: Final = 2
_LEAD: Final = re.compile(r"^(?:我们?|俺们?|咱们?)?(?:家?住?在|老家在?|是|住)?")
_TAIL: Final = re.compile(r"(?:这边|那边|那里|这里)?(?:的?村民|的?居民|的?人|的)?$")
_VILLAGE: Final = frozenset({"村", "村里", "农村", "乡下", "村委会", "本村", "我们村", "咱村", "咱们村"})
_COMMUNITY: Final = frozenset({"社区", "居委会", "小区", "城里", "街道", "本社区", "我们社区", "咱社区", "咱们社区"})
#: What a place's name ends with; words that end otherwise are more likely a question.
_NAMED_SO: Final = re.compile(
    r"(?!.*[嫁搬迁外邻别隔到从去来打])[\u3400-\u9fff·]{1,8}(?:村|社区|居委会|村委会|街道|小区|寨|屯|庄|镇|乡|县|区|市|省)"
)


@dataclass(frozen=True, slots=True)
class Home:
    """What is known: whose rules apply, village or community, and what tells it.

    `province` is None while no province is known; then only national rules apply. `told` where the person was asked
    for the province and named one, or said that it is none of those on file.
    """

    jurisdiction: str
    kind: Kind | None = None
    place: Place | None = None
    province: Jurisdiction | None = None
    told: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """What words about a home can mean; nothing at all where all three are empty."""

    places: tuple[Place, ...] = ()
    province: Jurisdiction | None = None
    kind: Kind | None = None
    typed: str = ""

    def __bool__(self) -> bool:
        """Whether they mean anything."""
        return bool(self.places or self.province or self.kind)

    @property
    def place(self) -> Place | None:
        """The one place that is meant beyond doubt: 柳树 may be short for 柳树村, but 东 hardly for 河东村."""
        if len(self.places) != 1:
            return None
        short = short_name(self.typed)
        found = self.places[0]
        is_meant = found.name in self.typed or (len(short) >= _SHORTEST_NAME and found.name.startswith(short))
        return found if is_meant else None

    @property
    def looks_like_a_name(self) -> bool:
        """Whether the words are shaped like a place's name, known or not."""
        return _NAMED_SO.fullmatch(self.typed) is not None


class Homes:
    """The use cases of a person's place."""

    def __init__(self, jurisdictions: Iterable[Jurisdiction], default: str) -> None:
        self._known = {one.id: one for one in jurisdictions}
        self._default = default

    @property
    def provinces(self) -> tuple[Jurisdiction, ...]:
        """The provinces whose rules are on file."""
        return tuple(one for one in self._known.values() if one.id != NATION)

    @property
    def unknown(self) -> Home:
        """What holds for somebody of whom nothing is known: the deployment's setting."""
        return Home(self._default, province=self._known.get(province_of(self._default) or ""))

    async def of(self, uow: UnitOfWork, who: Person) -> Home:
        """Where somebody is at home, as far as the place, the person or the deployment's setting tells."""
        place = await uow.places.get(who.place_id) if who.place_id is not None else None
        by_place = self._below_the_nation(place.path) if place else None
        said = self._below_the_nation(who.jurisdiction or "")
        jurisdiction = by_place or said or self._default
        kind = Kind(place.kind) if place and place.kind in ELECTING else Kind(who.kind) if who.kind else None
        province = self._known.get(province_of(jurisdiction) or "")
        return Home(jurisdiction, kind, place, province, told=who.jurisdiction is not None)

    async def places(self, uow: UnitOfWork) -> list[Place]:
        """Every village and community of the deployment."""
        return await uow.places.all_of(*ELECTING)

    async def named(self, uow: UnitOfWork, words: str) -> Named:
        """What typed words say about a home: 我是向阳村的, 浙江, 社区的."""
        text = re.sub(r"\s", "", unicodedata.normalize("NFKC", words)).strip("。.!！,，“”\"'")
        if len(text) > LONGEST_NAME:
            return Named()
        bare = _TAIL.sub("", _LEAD.sub("", text, count=1), count=1) or text
        kind = Kind.VILLAGE if bare in _VILLAGE else Kind.COMMUNITY if bare in _COMMUNITY else None
        if kind is not None:
            return Named(kind=kind, typed=bare)
        province = next((one for one in self.provinces if bare in one.names), None)
        if province is not None:
            return Named(province=province, typed=bare)
        hits = matching(bare, await self.places(uow)) if len(bare) >= _SHORTEST_NAME else []
        return Named(places=tuple(hits), typed=bare)

    async def live_in(self, uow: UnitOfWork, who: Person, place_id: int) -> Place | None:
        """Remember somebody's village or community; None when there is no such place."""
        place = await uow.places.get(place_id)
        if place is None or place.kind not in ELECTING:
            return None
        who.place_id, who.kind = place.id, None
        uow.people.set_home(who)
        return place

    def come_from(self, uow: UnitOfWork, who: Person, jurisdiction: str) -> Jurisdiction | None:
        """Remember somebody's province; None when no rules of it are on file."""
        found = next((one for one in self.provinces if one.id == jurisdiction), None)
        if found is not None:
            who.jurisdiction = found.id
            uow.people.set_home(who)
        return found

    def come_from_elsewhere(self, uow: UnitOfWork, who: Person) -> None:
        """Remember that somebody's province is none of those on file, so that nobody asks again."""
        who.jurisdiction = NATION
        uow.people.set_home(who)

    def belong_to(self, uow: UnitOfWork, who: Person, kind: Kind) -> None:
        """Remember that somebody lives in a village, or in a community."""
        who.kind = kind.value
        uow.people.set_home(who)

    def forget(self, uow: UnitOfWork, who: Person) -> None:
        """Forget all of it."""
        who.place_id = who.jurisdiction = who.kind = None
        uow.people.set_home(who)

    def _below_the_nation(self, path: str) -> str | None:
        """The nearest place on the path that rules are on file for, the nation not counted."""
        return next((place for place in lineage(path) if place != NATION and place in self._known), None)
