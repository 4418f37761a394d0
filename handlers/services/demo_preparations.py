"""What comes before the demo county's elections start: gates in every state, committees, who answers, difficulty.

Four villages passed their gates and started; one of them failed the look-back check since and stays marked. Bailu waits
for a second person and has a committee member whose brother stands; Meihua has hardly begun. Everybody is made up.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from handlers.services import committees, gates, responsibility
from knowledge.clock import local_date
from knowledge.elections.gates import Gate, load_gates
from knowledge.elections.plan_content import body_of
from storage.repositories.officials import Official
from storage.repositories.places import Place
from storage.unit_of_work import UnitOfWork

XIANGYANG: Final = "cn/demo/qinghe/xiangyang"
HEDONG: Final = "cn/demo/qinghe/hedong"
BAILU: Final = "cn/demo/yunling/bailu"
MEIHUA: Final = "cn/demo/yunling/meihua"
STARTED: Final = (XIANGYANG, HEDONG, "cn/demo/qinghe/shiqiao", "cn/demo/yunling/songgang")
#: Villages still preparing: gate -> passed, sent back, or waiting. A gate that is not named has nothing handed in.
BEGUN: Final = {
    BAILU: {
        "party_first": "passed",
        "rectification": "waiting",
        "outgoing_audit": "returned",
        "term_evaluation": "passed",
    },
    MEIHUA: {"party_first": "passed"},
}
#: Bailu's committee: name, role, next in line, near relative. Somebody's brother stands; another's name sounds alike.
COMMITTEE: Final = (
    ("孙辛一", "chair", False, None),
    ("郑戊二", "member", False, ("sibling", "郑戊一")),
    ("郑五一", "member", False, None),
    ("冯辛三", "member", True, None),
)
#: village -> factors, grade. Meihua has its plan; Bailu's is still to be written.
DIFFICULTY: Final = {
    XIANGYANG: ((), "easy"),
    HEDONG: (("land",), "ordinary"),
    BAILU: (("clan", "residence_split"), "difficult"),
    MEIHUA: (("clan", "history", "petitions"), "hard"),
}
ANSWERING: Final = (
    ("county_leader", "县领导 甲", "县委组织部", None),
    ("township_leader", "镇领导 乙", "镇党委", None),
    ("guide", "指导员 丙", "镇换届办", "town"),
    ("village", "村负责人 丁", "村党组织", None),
)


@dataclass(frozen=True, slots=True)
class Preparations:
    """The county's elections by village, its officials and places."""

    held: dict[str, int]
    officials: dict[str, Official]
    places: dict[str, Place]

    async def prepare(self, uow: UnitOfWork) -> None:
        """Six weeks ago: evidence, reviews, starts, committees, who answers, how difficult."""
        for path, election_id in self.held.items():
            required = load_gates().required(path, body_of(self.places[path].kind))
            for gate in required:
                how = "passed" if path in STARTED else BEGUN[path].get(gate.code)
                if how:
                    await self._hand_in(uow, path, gate, how)
            if path in STARTED:
                await gates.start(uow, self._town(path), election_id)
        await self._committee(uow)
        await self._answer(uow)

    async def look_back(self, uow: UnitOfWork) -> None:
        """Yesterday: somebody from above looked again at what was passed in Hedong."""
        superior, election_id = self.officials["superior"], self.held[HEDONG]
        _, view = await gates.look(uow, superior, election_id, "rectification")
        said = "清单里的第三条还没有改完，验收时没有到现场看。"
        await gates.look_back(uow, superior, election_id, "rectification", reason=said, seen=view.version)

    async def _hand_in(self, uow: UnitOfWork, path: str, gate: Gate, how: str) -> None:
        town, reviewer, election_id = self._town(path), self._reviewer(path), self.held[path]
        for kind in (one for one in gate.takes if one.needed):
            _, view = await gates.look(uow, town, election_id, gate.code)
            is_report = kind.kind == "audit_report"
            page = ("审计报告（演示）.txt", "演示用的文件，里面没有真的账。".encode()) if is_report else None
            await gates.hand_in(
                uow,
                town,
                election_id,
                gate.code,
                kind=kind.kind,
                description=f"{kind.name}（演示）",
                upload=page,
                seen=view.version,
            )
        if how != "waiting":
            _, view = await gates.look(uow, reviewer, election_id, gate.code)
            decision, reason = ("approved", "") if how == "passed" else ("returned", "照片看不清贴在哪里，请重拍一张。")
            await gates.review(
                uow, reviewer, election_id, gate.code, decision=decision, reason=reason, seen=view.version
            )

    async def _committee(self, uow: UnitOfWork) -> None:
        town, election_id = self._town(BAILU), self.held[BAILU]
        for name, role, in_line, relative in COMMITTEE:
            member = await committees.add_member(uow, town, election_id, name=name, role=role, in_line=in_line)
            if relative:
                relation, whose = relative
                await committees.declare_relative(uow, town, election_id, member, relation=relation, name=whose)

    async def _answer(self, uow: UnitOfWork) -> None:
        today = local_date(uow.clock.now())
        for path, (factors, grade) in DIFFICULTY.items():
            place_id = self.places[path].id
            await responsibility.judge(uow, self._town(path), place_id, factors=factors, grade=grade, note="")
        for path in self.held:
            for level, name, post, username in ANSWERING:
                seat = self._town(path).id if username else None
                await responsibility.assign(
                    uow,
                    self._town(path),
                    self.places[path].id,
                    level=level,
                    name=name,
                    post=post,
                    seat=seat,
                    from_on=today,
                )
        await responsibility.write_plan(
            uow,
            self._town(MEIHUA),
            self.places[MEIHUA].id,
            leader="镇领导 乙",
            lines=(
                ("把老账一笔一笔查清，贴出来", "镇财政所", today + timedelta(days=50)),
                ("两大房各请一位老人坐下来谈", "指导员 丙", today + timedelta(days=55)),
            ),
            from_on=today,
            until_on=today + timedelta(days=80),
            seen=0,
        )
        await responsibility.be_away(
            uow,
            self.officials["townleader"],
            who=self.officials["townleader"].id,
            kind="training",
            from_on=today + timedelta(days=41),
            until_on=today + timedelta(days=45),
            deputy=self.officials["leader"].id,
        )

    def _town(self, path: str) -> Official:
        return self.officials["town" if "/qinghe/" in path else "town2"]

    def _reviewer(self, path: str) -> Official:
        return self.officials["townleader" if "/qinghe/" in path else "leader"]
