"""The officials' desk as a route: every address with its page, and what is mounted beside it.

The table below is the whole of it: what is not listed is answered with "not found", and every page listed takes
`Signed` unless it is part of the door.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from handlers.desk import (
    account,
    broadcasts,
    bulk,
    candidates,
    case_acts,
    cases,
    committees,
    confirm,
    declarations,
    duty,
    enrolment,
    entries,
    exports,
    files,
    filing,
    gates,
    handovers,
    home,
    keys,
    links,
    log,
    messages,
    names,
    notices,
    officials,
    originals,
    oversight,
    presence,
    questions,
    releases,
    responsibility,
    sign_in,
    timetable,
    transfers,
)
from handlers.desk.assets import static_files
from handlers.desk.faults import DeskRoute
from handlers.desk.pace import Pace
from handlers.desk.request import Desk, DeskSettings, Signed
from handlers.services.access import Access
from handlers.services.answers import Answers
from handlers.services.errors import NotFound
from handlers.services.filing import Filings
from handlers.services.intake import Intake
from storage.unit_of_work import Storage

__all__ = ["DeskSettings", "create_desk", "static_files"]

Endpoint = Callable[..., Awaitable[Response]]


async def nowhere(visit: Signed, rest: str) -> Response:
    """Any other address under the desk."""
    if not rest:
        return visit.go("/desk")
    raise NotFound("page")


#: Method, address, page. The order matters: the first address that fits answers.
PAGES: Final[tuple[tuple[str, str, Endpoint], ...]] = (
    ("GET", "/desk/sign-in", sign_in.show_sign_in),
    ("POST", "/desk/sign-in", sign_in.sign_in),
    ("POST", "/desk/sign-in/passkey", sign_in.use_passkey),
    ("POST", "/desk/sign-in/passkey/options", sign_in.passkey_options),
    ("GET", "/desk/invitation/{token}", enrolment.show_invitation),
    ("POST", "/desk/invitation/{token}", enrolment.use_invitation),
    ("GET", "/desk/link/{token}", sign_in.show_link),
    ("POST", "/desk/link/{token}", sign_in.use_link),
    ("POST", "/desk/sign-out", sign_in.sign_out),
    ("POST", "/desk/confirm", confirm.confirm),
    ("POST", "/desk/confirm/passkey/options", confirm.passkey_options),
    ("GET", "/desk/account", account.show_account),
    ("POST", "/desk/account/password", account.change_password),
    ("POST", "/desk/account/code", account.begin_code),
    ("POST", "/desk/account/code/finish", account.finish_code),
    ("POST", "/desk/account/passkeys", account.add_passkey),
    ("POST", "/desk/account/passkeys/options", account.passkey_options),
    ("POST", "/desk/account/passkeys/{passkey_id}/rename", account.rename_passkey),
    ("POST", "/desk/account/passkeys/{passkey_id}/remove", account.remove_passkey),
    ("POST", "/desk/account/sessions/end", account.end_all_others),
    ("POST", "/desk/account/sessions/{handle}/end", account.end_session),
    ("POST", "/desk/account/devices/{handle}/forget", account.forget_device),
    ("GET", "/desk/officials", officials.show_officials),
    ("POST", "/desk/officials", officials.invite),
    ("GET", "/desk/officials/{official_id}", officials.show_official),
    ("POST", "/desk/officials/{official_id}/link", officials.make_link),
    ("POST", "/desk/officials/{official_id}/change", officials.change),
    ("POST", "/desk/officials/{official_id}/close", officials.close),
    ("GET", "/desk", home.show_home),
    ("GET", "/desk/cases", cases.show_queue),
    ("GET", "/desk/cases/new", filing.ask_statement),
    ("POST", "/desk/cases/new", filing.file_statement),
    ("GET", "/desk/cases/bulk", bulk.show_bulk),
    ("POST", "/desk/cases/bulk", bulk.act_on_several),
    ("GET", "/desk/cases/{number}", cases.show_case),
    ("GET", "/desk/cases/{number}/stand-back", cases.ask_stand_back),
    ("GET", "/desk/cases/{number}/declare", declarations.ask_case),
    ("GET", "/desk/cases/{number}/files/{file_id}", files.show_file),
    ("GET", "/desk/cases/{number}/files/{file_id}/preview", files.show_preview),
    ("GET", "/desk/cases/{number}/files/{file_id}/play", files.play),
    ("GET", "/desk/cases/{number}/export", exports.ask_export),
    ("POST", "/desk/cases/{number}/export", exports.export),
    ("GET", "/desk/cases/{number}/message", messages.show_composer),
    ("POST", "/desk/cases/{number}/message", messages.look),
    ("GET", "/desk/cases/{number}/message/send", messages.show_composer),
    ("POST", "/desk/cases/{number}/message/send", messages.send),
    ("GET", "/desk/cases/{number}/presence", presence.show_presence),
    ("GET", "/desk/cases/{number}/merge", links.ask_merge),
    ("POST", "/desk/cases/{number}/merge", links.merge),
    ("GET", "/desk/cases/{number}/reporter", releases.show_reporter),
    ("POST", "/desk/cases/{number}/reporter", releases.ask),
    ("POST", "/desk/cases/{number}/reporter/open", releases.open_reporter),
    ("GET", "/desk/cases/{number}/{act}", case_acts.show_act),
    ("POST", "/desk/cases/{number}/{act}", case_acts.act_on_case),
    ("GET", "/desk/names", names.show_names),
    ("GET", "/desk/names/{number}", names.show_name),
    ("POST", "/desk/names/{number}/open", names.open_name),
    ("POST", "/desk/names/{number}/ask", names.ask_colleagues),
    ("POST", "/desk/names/{number}/attempt", names.record_attempt),
    ("GET", "/desk/releases", releases.show_releases),
    ("GET", "/desk/releases/{release_id}", releases.show_release),
    ("POST", "/desk/releases/{release_id}/grant", releases.grant),
    ("POST", "/desk/releases/{release_id}/refuse", releases.refuse),
    ("GET", "/desk/keys", keys.show_keys),
    ("POST", "/desk/keys/recovery", keys.print_recovery),
    ("POST", "/desk/keys/recover", keys.recover),
    ("POST", "/desk/keys/change", keys.change_key),
    ("POST", "/desk/keys/contribute", keys.contribute),
    ("POST", "/desk/keys/split", keys.split_anew),
    ("GET", "/desk/transfers", transfers.show_transfers),
    ("GET", "/desk/transfers/{transfer_id}", transfers.show_transfer),
    ("POST", "/desk/transfers/{transfer_id}/accept", transfers.accept),
    ("POST", "/desk/transfers/{transfer_id}/decline", transfers.decline),
    ("POST", "/desk/transfers/{transfer_id}/release", transfers.release),
    ("GET", "/desk/handovers", handovers.show_handovers),
    ("POST", "/desk/handovers", handovers.arrange),
    ("GET", "/desk/handovers/{handover_id}", handovers.show_handover),
    ("GET", "/desk/duty", duty.show_duty),
    ("POST", "/desk/duty", duty.add_slot),
    ("POST", "/desk/duty/{slot_id}/remove", duty.remove_slot),
    ("GET", "/desk/oversight", oversight.show_oversight),
    ("GET", "/desk/oversight/by-receipt", oversight.ask_receipt),
    ("POST", "/desk/oversight/by-receipt", oversight.open_by_receipt),
    ("GET", "/desk/oversight/{number}", oversight.show_overseen),
    ("GET", "/desk/oversight/{number}/{act}", oversight.show_act),
    ("POST", "/desk/oversight/{number}/{act}", oversight.act_from_above),
    ("GET", "/desk/declaration", declarations.show_declaration),
    ("POST", "/desk/declaration", declarations.add_kin),
    ("POST", "/desk/declaration/confirm", declarations.confirm),
    ("POST", "/desk/declaration/{kin_id}/remove", declarations.remove_kin),
    ("GET", "/desk/candidates", candidates.show_candidates),
    ("POST", "/desk/candidates", candidates.create_candidate),
    ("GET", "/desk/candidates/new", candidates.ask_candidate),
    ("GET", "/desk/candidates/{candidate_id}", candidates.show_candidate),
    ("POST", "/desk/candidates/{candidate_id}/invite", candidates.invite),
    ("GET", "/desk/questions", questions.show_questions),
    ("GET", "/desk/questions/{inquiry_id}", questions.show_question),
    ("POST", "/desk/questions/{inquiry_id}/reply", questions.reply),
    ("POST", "/desk/questions/{inquiry_id}/escalate", questions.escalate),
    ("GET", "/desk/entries", entries.show_entries),
    ("POST", "/desk/entries", entries.create_entry),
    ("GET", "/desk/entries/new", entries.ask_entry),
    ("GET", "/desk/entries/{entry_id}", entries.show_entry),
    ("GET", "/desk/entries/{entry_id}/edit", entries.edit_entry),
    ("POST", "/desk/entries/{entry_id}/versions", entries.add_version),
    ("POST", "/desk/entries/{entry_id}/review", entries.review),
    ("POST", "/desk/entries/{entry_id}/publish", entries.publish),
    ("POST", "/desk/entries/{entry_id}/withdraw", entries.withdraw),
    ("GET", "/desk/broadcasts", broadcasts.show_broadcasts),
    ("POST", "/desk/broadcasts", broadcasts.create_broadcast),
    ("GET", "/desk/broadcasts/new", broadcasts.ask_broadcast),
    ("GET", "/desk/broadcasts/{broadcast_id}", broadcasts.show_broadcast),
    ("GET", "/desk/broadcasts/{broadcast_id}/edit", broadcasts.edit_broadcast),
    ("POST", "/desk/broadcasts/{broadcast_id}/edit", broadcasts.change_broadcast),
    ("POST", "/desk/broadcasts/{broadcast_id}/approve", broadcasts.approve),
    ("POST", "/desk/broadcasts/{broadcast_id}/cancel", broadcasts.cancel),
    ("GET", "/desk/broadcasts/{broadcast_id}/unreachable", broadcasts.show_unreachable),
    ("GET", "/desk/log", log.show_log),
    ("GET", "/desk/log/{number}/{redaction_id}", originals.ask_original),
    ("POST", "/desk/log/{number}/{redaction_id}", originals.show_original),
    ("GET", "/desk/notices", notices.show_notices),
    ("POST", "/desk/notices", notices.make_link),
    ("GET", "/desk/timetable", timetable.show_timetables),
    ("GET", "/desk/timetable/{election_id}", timetable.show_timetable),
    ("POST", "/desk/timetable/{election_id}/tasks/{task_id}", timetable.finish_task),
    ("GET", "/desk/gates", gates.show_gates),
    ("GET", "/desk/gates/{election_id}", gates.show_village),
    ("POST", "/desk/gates/{election_id}/start", gates.start_election),
    ("GET", "/desk/gates/{election_id}/files/{file_id}", gates.show_file),
    ("GET", "/desk/gates/{election_id}/{gate}", gates.show_gate),
    ("POST", "/desk/gates/{election_id}/{gate}/evidence", gates.hand_in),
    ("POST", "/desk/gates/{election_id}/{gate}/review", gates.review),
    ("POST", "/desk/gates/{election_id}/{gate}/look-back", gates.look_back),
    ("GET", "/desk/committees/{election_id}", committees.show_committee),
    ("POST", "/desk/committees/{election_id}/members", committees.add_member),
    ("POST", "/desk/committees/{election_id}/members/{member_id}/relatives", committees.declare_relative),
    ("POST", "/desk/committees/{election_id}/members/{member_id}/leave", committees.leave),
    ("POST", "/desk/committees/{election_id}/relatives/{relative_id}/withdraw", committees.withdraw_relative),
    ("POST", "/desk/committees/{election_id}/matches", committees.judge_match),
    ("GET", "/desk/responsibility", responsibility.show_responsibility),
    ("GET", "/desk/responsibility/{place_id}", responsibility.show_place),
    ("POST", "/desk/responsibility/{place_id}/answers", responsibility.assign),
    ("POST", "/desk/responsibility/{place_id}/difficulty", responsibility.judge),
    ("POST", "/desk/responsibility/{place_id}/plan", responsibility.write_plan),
    ("POST", "/desk/responsibility/{place_id}/accounts", responsibility.hold_to_account),
    ("GET", "/desk/absences", responsibility.show_absences),
    ("POST", "/desk/absences", responsibility.be_away),
    ("POST", "/desk/absences/{absence_id}/end", responsibility.come_back),
    ("POST", "/desk/timetable/{election_id}/happenings", timetable.record_happening),
    ("GET", "/desk/timetable/{election_id}/day", timetable.show_move),
    ("POST", "/desk/timetable/{election_id}/day", timetable.move),
    ("GET", "/desk/{rest:path}", nowhere),
    ("POST", "/desk/{rest:path}", nowhere),
)


class DeskPages(BaseRoute):
    """The desk of one application: the same pages for every application, each shown with its own desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def routes(self) -> list[BaseRoute]:
        """What the table says, as routes."""
        return _pages().routes

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether an address is the desk's."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        here = scope["type"] == "http" and (path == "/desk" or path.startswith("/desk/"))
        return (Match.FULL if here else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        scope.setdefault("state", {})["desk"] = self._desk
        await _pages()(scope, receive, send)


@cache
def _pages() -> APIRouter:
    """All pages, made once: what each of them takes is found out by looking at its signature, which is slow."""
    router = APIRouter(route_class=DeskRoute, include_in_schema=False)
    for method, path, page in PAGES:
        router.add_api_route(path, page, methods=[method], response_model=None, name=page.__name__)
    return router


def create_desk(
    storage: Storage,
    access: Access,
    answers: Answers,
    settings: DeskSettings,
    wake: Callable[[], None],
    pace: Pace | None = None,
) -> DeskPages:
    """The desk as a route; `wake` is called after a commit that may have queued a message."""
    filings = Filings(Intake(answers.classifier))
    return DeskPages(Desk(storage, access, answers, settings, wake, filings, pace or Pace()))
