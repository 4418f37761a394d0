"""Candidates and their commitments: invite, read, sign, and only then may stand."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from handlers.services.errors import BadInput, LinkSpent, NotAllowed, NotFound
from knowledge.casework.access import Permission, covers, may
from knowledge.elections.commitments import Commitment, CommitmentPack, load_packs
from knowledge.elections.committee import plain_name
from storage.ids import readable_code
from storage.repositories.elections import Candidate, Signature
from storage.repositories.officials import Official
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork

#: How an invitation's deep link begins; the single-use token follows.
INVITATION: Final = "c_"
INVITATION_LIFE: Final = timedelta(days=14)
OFFICES: Final = ("chair", "vice_chair", "member")
LONGEST_NAME: Final = 20


@dataclass(frozen=True, slots=True)
class SigningView:
    """Where a candidate stands: what is signed, which paper comes next (None: all signed)."""

    candidate: Candidate
    pack: CommitmentPack
    signed: tuple[Signature, ...]
    next_paper: Commitment | None
    problem: str = ""

    @property
    def number(self) -> int:
        """The next paper's number, from 1."""
        return len(self.signed) + 1


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature was given; `view` is what comes next."""

    signature: Signature
    paper: Commitment
    view: SigningView
    repeated: bool


async def create_candidate(
    uow: UnitOfWork, official: Official, *, election_id: int, name: str, office: str
) -> Candidate:
    """Enter somebody who wants to stand."""
    election = await uow.elections.get(election_id)
    if election is None:
        raise NotFound("election")
    _require(official, election.place_path)
    name = plain_name(name)
    if not name or len(name) > LONGEST_NAME:
        raise BadInput("name", "empty" if not name else "too_long")
    if office not in OFFICES:
        raise BadInput("office", "unknown")
    if any(plain_name(other.name) == name for other in await uow.elections.candidates_within(election.place_path)):
        raise BadInput("name", "taken")
    candidate_id = await uow.elections.add_candidate(
        election_id=election_id, name=name, office=office, official_id=official.id
    )
    await _record(uow, official, "candidate_created", candidate_id)
    return await _candidate(uow, candidate_id)


async def invite(uow: UnitOfWork, official: Official, candidate_id: int) -> str:
    """A fresh single-use token that ties a chat to the candidate; only its hash is kept."""
    found = await read(uow, official, candidate_id)
    _require(official, found.candidate.election.place_path)
    token = secrets.token_urlsafe(24)
    await uow.elections.invite(hash_token(token), candidate_id, official.id, uow.clock.now() + INVITATION_LIFE)
    await _record(uow, official, "candidate_invited", candidate_id)
    return token


async def read(uow: UnitOfWork, official: Official, candidate_id: int) -> SigningView:
    """A candidate's record for the desk."""
    if not may(official.role, Permission.SEE_ELECTIONS):
        raise NotAllowed
    found = await uow.elections.candidate(candidate_id)
    if found is None or not covers(official.place_path, found.election.place_path):
        raise NotFound("candidate")
    return await _view(uow, found)


async def open_invitation(uow: UnitOfWork, who: Person, token: str) -> SigningView:
    """Tie this chat to the candidate; opening one's own link again shows where one was.

    Raises:
        LinkSpent: The link is unknown, expired, or was used by another chat.
    """
    hashed = hash_token(token)
    candidate_id = await uow.elections.use_invitation(hashed, who.id)
    if candidate_id is None:
        known = await uow.elections.invitation_of(hashed)
        if known is None or known[1] != who.id:
            raise LinkSpent
        candidate_id = known[0]
    else:
        await uow.log.record(actor="candidate", act="invitation_opened", subject=f"candidate/{candidate_id}")
    return await _view(uow, await _candidate(uow, candidate_id))


async def where_am_i(uow: UnitOfWork, who: Person) -> SigningView | None:
    """The signing a person is in: the first candidacy with something unsigned, else the newest."""
    views = [await _view(uow, one) for one in await uow.elections.candidates_of_person(who.id)]
    unfinished = next((view for view in views if view.next_paper), None)
    return unfinished or (views[-1] if views else None)


async def sign(
    uow: UnitOfWork, who: Person, *, candidate_id: int, kind: str, typed_name: str, channel: str
) -> Signed | SigningView:
    """Sign one paper by typing the full name; with the last one the candidate may stand.

    Returns:
        `Signed`, or the unchanged view with a problem when the name does not match.
    """
    await uow.begin()
    found = await _candidate(uow, candidate_id)
    if found.person_id != who.id:
        raise NotAllowed
    view = await _view(uow, found)
    paper = view.pack.commitment(kind)
    if paper is None:
        raise NotFound("commitment")
    earlier = next((signature for signature in view.signed if signature.kind == kind), None)
    if earlier:
        return Signed(earlier, paper, view, repeated=True)
    if plain_name(typed_name) != plain_name(found.name):
        return SigningView(found, view.pack, view.signed, view.next_paper, problem="name_differs")
    signature = Signature(
        kind, view.pack.version, paper.text_hash, plain_name(typed_name), uow.clock.now(), channel, readable_code("CN")
    )
    if not await uow.elections.sign(found, signature):  # the same press, a moment earlier, elsewhere
        view = await _view(uow, await _candidate(uow, candidate_id))
        earlier = next(one for one in view.signed if one.kind == kind)
        return Signed(earlier, paper, view, repeated=True)
    await uow.log.record(
        actor="candidate", act="commitment_signed", subject=f"candidate/{candidate_id}", kind=kind, text=paper.text_hash
    )
    view = await _view(uow, found)
    if view.next_paper is None:
        await uow.elections.may_stand(candidate_id)
        await uow.log.record(actor="system", act="may_stand", subject=f"candidate/{candidate_id}")
        view = await _view(uow, await _candidate(uow, candidate_id))
    return Signed(signature, paper, view, repeated=False)


async def publish_packs(uow: UnitOfWork) -> None:
    """Make every text on file known to the database, so that it can be signed."""
    for pack in load_packs().values():
        for paper in pack.commitments:
            await uow.elections.publish_text(pack.pack, pack.version, paper.kind, paper.text_hash)


def hash_token(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def _require(official: Official, place_path: str) -> None:
    if not may(official.role, Permission.RUN_ELECTIONS) or not covers(official.place_path, place_path):
        raise NotAllowed


async def _candidate(uow: UnitOfWork, candidate_id: int) -> Candidate:
    found = await uow.elections.candidate(candidate_id)
    if found is None:
        raise NotFound("candidate")
    return found


async def _view(uow: UnitOfWork, found: Candidate) -> SigningView:
    pack = load_packs()[found.election.pack]
    signed = tuple(await uow.elections.signatures(found))
    kinds = {signature.kind for signature in signed}
    following = next((paper for paper in pack.commitments if paper.kind not in kinds), None)
    return SigningView(found, pack, signed, following)


async def _record(uow: UnitOfWork, official: Official, act: str, candidate_id: int) -> None:
    await uow.log.record(actor=f"official/{official.id}", act=act, subject=f"candidate/{candidate_id}")
