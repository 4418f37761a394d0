"""What the chat says of a report that was filed: the receipt, how it stands, the dialogue, a date that has passed.

Every prompt names the number and the place, so that nobody writes to the wrong case. A reporter reads where a case
stands in public words only; who works on it, and what is done inside a state, is not told.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from handlers.chat.keyboards import CaseTap, MenuTap
from handlers.chat.reply import Button, Reply, rows_of, tap
from handlers.chat.wording import (
    ASK,
    MINE,
    REPORT,
    days_left,
    menu_buttons,
    people_date,
    people_time,
    short,
    short_date,
)
from handlers.services.floods import FILES, REPORTS
from handlers.services.follow_up import CaseView, Kept, Withdrawn
from handlers.services.missed_dates import Asked, Missed
from handlers.services.report_view import Queued, Receipt
from knowledge.casework.clocks import ClockKind
from knowledge.casework.lifecycle import CaseState, Finding
from knowledge.clock import SHANGHAI, local_date
from storage.repositories.cases import Case
from storage.repositories.dialogue import FROM_ABOVE, CaseMessage

#: When our own chat no longer shows a receipt that is given once, and a page behind a code.
RECEIPT_MINUTES: Final = 24 * 60
OPENED_MINUTES: Final = 30
LISTED: Final = 10
_MESSAGES_SHOWN: Final = 6
_OWN_WORDS_SHOWN: Final = 60

PUBLIC_STATES: Final = {
    CaseState.RECEIVED: "已收到，等受理",
    CaseState.REGISTERED: "已收到，等受理",
    CaseState.ACCEPTED: "已受理",
    CaseState.REFERRED: "已受理",
    CaseState.DISPOSAL_PROPOSED: "已受理",
    CaseState.HELD: "已受理",
    CaseState.INVESTIGATING: "正在调查",
    CaseState.AWAITING_APPROVAL: "正在调查",
    CaseState.APPROVED: "正在调查",
    CaseState.TOLD: "结果已告诉您",
    CaseState.CLOSED: "已办结",
    CaseState.GUIDED_ELSEWHERE: "已告诉您找哪里",
}
FINDINGS: Final = {
    Finding.SUBSTANTIATED: "反映的情况属实，按规定交有权的机关处理",
    Finding.PARTLY_SUBSTANTIATED: "反映的情况部分属实，属实的部分按规定交有权的机关处理",
    Finding.UNFOUNDED: "查下来和反映的情况不一样",
    Finding.CANNOT_BE_VERIFIED: "眼下的线索还查不清",
}
_PROMISES: Final = {
    ClockKind.ACCEPTANCE: "告诉您受不受理",
    ClockKind.RESULT: "告诉您结果",
    ClockKind.REPLY: "回您的话",
    ClockKind.REVIEW: "答复您的意见",
}
_LATE: Final = "本来最晚"
_SAID: Final = {"objection": "您提的意见", "new_evidence": "您交的证据", "withdrawal": "您说不想反映了"}
_TOLD: Final = {"result": "结果", "explanation": "给您的说明", FROM_ABOVE: "上级答复您"}


def _named(case: Case) -> str:
    return f"{case.number}（{case.place_name}）"


# The receipt


def receipt(given: Receipt) -> Reply:
    """The receipt: a number, a code, what happens next, by when. No content of the report."""
    at = given.received_at.astimezone(SHANGHAI)
    due = people_date(given.answer_due_on)
    lines = [
        f"编号：{given.number}",
        f"查询码：{given.code}" + ("（换了手机，凭它也能查）" if given.keeps_chat else ""),
        f"收到时间：{at.month}月{at.day}日 {at:%H:%M}",
    ]
    if given.file_hashes:
        hashes = "、".join(value[:8] for value in given.file_hashes)
        lines.append(f"收到文件{len(given.file_hashes)}个，校验码：{hashes}")
    if given.keeps_chat:
        lines.insert(0, "✅ 收到了，请截图保存。")
        if given.name_not_kept:
            lines.insert(1, "您留的名字没有存：保管的人变了，打不开。先按没留名办，一样会查。")
        lines.append(f"接下来：受不受理，最晚{due}在这里告诉您（收到后15个工作日）。")
        lines.append("想补充材料、看进度，发“我的反映”。")
        lines += _asked_for(given, "补充进来更好查")
        buttons = [_case_tap("补充材料", "add", given.number), tap(MINE, MenuTap(act="mine"))]
        return Reply("\n".join(lines), rows_of(buttons, 2))
    lines.insert(0, "✅ 收到了。您没留名，我们这里也没记下是您。")
    lines.insert(1, "查进度只能凭查询码，请抄下来或截图；丢了，谁也找不回来。")
    lines.append(f"接下来：受不受理，最晚{due}，发查询码就能看到（收到后15个工作日）。想补充、想问，也是发查询码。")
    lines += _asked_for(given, "发查询码补上更好查")
    lines.append("记好了就点下面，这条会收走（网页上，24小时后自动收走）。用手机聊天软件的，说过的话请自己也删一删。")
    noted = rows_of([_case_tap("记下了", "noted", given.number)])
    return Reply("\n".join(lines), noted, forget_after=RECEIPT_MINUTES)


def _asked_for(given: Receipt, how: str) -> list[str]:
    if not given.missing:
        return []
    return [f"要是还记得{'、'.join(given.missing)}，{how}；记不清也没关系，一样会办。"]


def receipt_noted() -> Reply:
    """After 记下了."""
    return Reply("好，收走了。以后发查询码，就能看进度、补材料。", rows_of(menu_buttons()[:2], 2), remove_pressed=True)


def queued(given: Queued, now: datetime) -> Reply:
    """For a report that waits for its turn."""
    what = "编号和查询码" if given.keeps_chat else "查询码"
    return Reply(
        f"写好的都收好了，一个字不会丢。\n"
        f"一小时最多交{REPORTS}件，这件先排着：{people_time(given.submit_at, now)}自动交上去，不用您再点。\n"
        f"交上去了，就把{what}发到这里。",
        rows_of([tap(MINE, MenuTap(act="mine")), tap(ASK, MenuTap(act="ask"))], 2),
    )


# How it stands


def my_cases(views: Sequence[CaseView], waiting: Sequence[datetime], now: datetime, *, more: int = 0) -> Reply:
    """A reporter's own cases with their public state, newest first, and that there are `more` of them."""
    turn = [f"还有{len(waiting)}件排着，{people_time(waiting[0], now)}起自动交上去。"] if waiting else []
    if not views:
        lines = turn or ["您在这里还没有反映过。"]
        return Reply(
            "\n".join([*lines, "没留名的，把查询码发过来就能看。"]),
            rows_of([tap(REPORT, MenuTap(act="report")), tap(ASK, MenuTap(act="ask"))], 2),
        )
    lines = ["您反映过的："]
    for view in views:
        wait = "".join(f"，{promised}" for promised in _promises(view, local_date(now))[:1])
        lines.append(f"{_named(view.case)}　{PUBLIC_STATES[view.stands.state]}{wait}")
    if more:
        lines.append(f"更早的还有{more}件，把编号发过来就能看。")
    rows = tuple((_case_tap(f"看 {view.case.number}", "show", view.case.number),) for view in views)
    return Reply("\n".join([*lines, *turn]), rows)


def case_page(view: CaseView, missed: Missed | None, today: date, *, by_code: bool) -> Reply:
    """One case as its reporter may see it: where it stands, what comes next and by when, what was said."""
    lines = [_named(view.case), f"进度：{PUBLIC_STATES[view.stands.state]}"]
    if view.finding:
        lines.append(f"查下来：{FINDINGS[view.finding]}。")
    lines += _coming(view, missed, today)
    if view.case.withdrawn_at:
        lines.append("您说过不想反映了，记着的。")
    if view.messages:
        lines.append("\n说过的话：" if len(view.messages) <= _MESSAGES_SHOWN else "\n最近说的话：")
        lines += [_line(message) for message in view.messages[-_MESSAGES_SHOWN:]]
    if by_code:
        lines.append("\n要补充、要问，现在直接发过来就行。看完点“收起来”，这里不留记录；30分钟不动，也会自动收起来。")
    return Reply("\n".join(lines), _page_rows(view, missed, by_code=by_code))


def _coming(view: CaseView, missed: Missed | None, today: date) -> list[str]:
    lines = []
    if missed:
        lines.append(f"本来最晚{people_date(missed.due_on)}{_PROMISES[missed.kind]}，到今天还没有，对不住。")
        if missed.asked_on:
            asked = f"{missed.asked_on.month}月{missed.asked_on.day}日"
            lines.append(f"{asked}已经请上级过问了，上级的答复会写在这里。")
        elif missed.may_ask:
            lines.append("您可以点下面，请上级过问。系统不会告诉办这件的单位，是您问的。")
        else:
            lines.append("这里没有更高一级的单位，您可以打12388再反映。")
    promised = [one for one in _promises(view, today) if not one.startswith(_LATE)]
    if promised:
        lines.append(f"接下来：{'；'.join(promised)}。")
    elif view.has_ended:
        lines.append("有不同意见、有新的证据，都可以在这里说。")
    elif not missed:
        lines.append("接下来：有人在查。查出结果以后，15个工作日内告诉您。")
    return lines


def _promises(view: CaseView, today: date) -> list[str]:
    """The dates that were promised, nearest first, each once."""
    running = [one for one in view.clocks if one.clock.is_running and one.clock.kind in _PROMISES]
    said = []
    for due_on, kind in sorted((one.deadline.due_on, ClockKind(one.clock.kind)) for one in running):
        when = "最晚" if due_on >= today else _LATE
        said.append(f"{when}{people_date(due_on)}{_PROMISES[kind]}（{days_left(due_on, today)}）")
    return list(dict.fromkeys(said))


def _line(message: CaseMessage) -> str:
    day = short_date(message.written_at)
    if message.from_reporter:
        said = short(message.body, _OWN_WORDS_SHOWN)
        return f"{day} {_SAID.get(message.kind, '您')}{f'：{said}' if said else ''}"
    return f"{day} {_TOLD.get(message.kind, '办案的人')}：{message.body}"


def _page_rows(view: CaseView, missed: Missed | None, *, by_code: bool) -> tuple[tuple[Button, ...], ...]:
    number = view.case.number
    rows: list[tuple[Button, ...]] = []
    if missed and missed.may_ask and not missed.asked_on:
        rows.append((_case_tap("请上级过问", "above", number),))
    if view.has_ended:
        rows.append((_case_tap("对结果有意见", "object", number), _case_tap("有新证据", "evidence", number)))
    rows.append((_case_tap("补充或提问", "add", number), _case_tap("收据", "receipt", number)))
    if not view.has_ended and view.case.withdrawn_at is None:
        rows[-1] += (_case_tap("不想反映了", "withdraw", number),)
    rows.append((_case_tap("收起来", "done", number) if by_code else tap(MINE, MenuTap(act="mine")),))
    return tuple(rows)


def _case_tap(label: str, act: str, number: str) -> Button:
    return tap(label, CaseTap(act=act, number=number))


def case_unknown() -> Reply:
    """For a case that is not this person's, as for none at all."""
    return Reply("没有找到这一件。自己留了联系的，发“我的反映”；没留名的，请把查询码发过来。")


# The receipt code


def code_wrong() -> Reply:
    """For a code that opens nothing; the same words whatever is wrong with it."""
    return Reply(
        "这个查询码没对上。请照着收据再看一眼：QC开头，后面20个字母和数字。大小写、空格、横线都不要紧。",
        remove_incoming=True,
    )


def code_later(again_at: datetime, now: datetime) -> Reply:
    """After many wrong codes."""
    again = people_time(again_at, now)
    return Reply(f"试了好几次都没对上，先歇一歇。{again}以后再发就行，查询码一直有用。", remove_incoming=True)


def put_away() -> Reply:
    """For something sent when the page behind a code had closed by itself."""
    return Reply("刚才那件30分钟没动，已经收起来了，这条没有存。\n请再发一次查询码，然后重发这条。")


# The dialogue

_PROMPTS: Final = {
    "add": "{case}：要补充什么，或者想问什么？打字、发照片、发录音都行，可以发好几条。",
    "reply": "{case}：要回什么话？打字、发照片都行，可以发好几条。",
    "evidence": "{case}：请把新证据发过来，照片、录音、打字都行。收到第一条，就重新打开接着查。",
    "object": "{case}：对结果哪里有不同意见？照实说就行，会记下来，并且给您说明。",
}
#: What the chat can be doing with an open case.
MODES: Final = frozenset(_PROMPTS)


def dialogue_prompt(case: Case, mode: str) -> Reply:
    """An invitation to send something for a case."""
    words = _PROMPTS[mode].format(case=_named(case))
    return Reply(f"{words}\n说完了点下面。", _dialogue_rows(case))


def kept(result: Kept, mode: str, now: datetime, *, by_code: bool) -> Reply:
    """After something sent to a case was kept, in part or whole."""
    case = result.case
    if result.is_empty:
        return Reply(f"{_named(case)}：这个文件是空的，请再发一次。", _dialogue_rows(case))
    if result.files_from:
        again = people_time(result.files_from, now)
        words = "写的字也收好了。" if result.kept_words else ""
        full = f"收好了。这一小时已经收了{FILES}个文件，这个先排着，{again}起办案的人看得到，不用再发。{words}"
        return Reply(f"{_named(case)}：{full}", _dialogue_rows(case))
    if result.reopened and by_code:  # who has a chat hears it by a notice of its own
        return Reply(f"收好了，{_named(case)}重新打开了，接着查。\n还有就接着发。", _dialogue_rows(case))
    if mode == "object" and result.answer_by:
        lines = f"记下了，放进 {_named(case)}了，最晚{people_date(result.answer_by)}给您说明。"
    elif result.answer_by:
        lines = f"收好了，放进 {_named(case)}了，办案的人会看，最晚{people_date(result.answer_by)}回您。"
    else:
        lines = f"收好了，放进 {_named(case)}了，办案的人会看。"
    return Reply(f"{lines}\n还有就接着发。", _dialogue_rows(case))


def not_kept(case: Case, what: str) -> Reply:
    """For a kind of message nothing can be done with inside a dialogue."""
    return Reply(f"{_named(case)}：{what}我用不上，没有存。请打字，或者发照片、录音。", _dialogue_rows(case))


def with_dialogue(case: Case, reply: Reply) -> Reply:
    """An answer inside a dialogue: which case it is about, and the way on."""
    return replace(reply, text=f"{_named(case)}：{reply.text}", rows=(*reply.rows, *_dialogue_rows(case)))


def correction(words: str) -> str:
    """How a changed message stands in the dialogue; the earlier version stands above it."""
    return f"（改了前面一条）{words}"


def correction_kept(case: Case) -> Reply:
    """After a message of an earlier report was changed."""
    return Reply(f"您改了前面发过的一条。原来的留着，改后的也收好了，放进 {_named(case)}了。", _dialogue_rows(case))


def dialogue_done(number: str, *, by_code: bool, has_draft: bool) -> Reply:
    """After 说完了, and after 收起来; a report that was being written waits."""
    said = (
        "好，收起来了，这里不留记录。再要看，发查询码就行。" if by_code else f"好，{number} 这件先到这里，发来的都在。"
    )
    if has_draft:
        rows = ((tap("接着写", MenuTap(act="report")),),)
        return Reply(f"{said}\n您还有一份没写完的反映，都存着。", rows)
    return Reply(said, rows_of(menu_buttons()[:2] if by_code else menu_buttons(), 2))


def _dialogue_rows(case: Case) -> tuple[tuple[Button, ...], ...]:
    return ((_case_tap("说完了", "done", case.number), _case_tap("看这一件", "show", case.number)),)


def confirm_withdrawal(view: CaseView) -> Reply:
    """Before a withdrawal: what it leads to, said honestly."""
    must = "这件属于必查的，您不想反映了，也要查完。" if view.case.flags or view.stands.flags else ""
    looked = "" if must else "您不想反映了，会记下来；还查不查，由办案的人看。"
    return Reply(
        f"{_named(view.case)}：真的不想反映了吗？\n{must}{looked}写过的都留着。",
        (
            (_case_tap("不撤，接着办", "show", view.case.number),),
            (_case_tap("不想反映了", "withdrawn", view.case.number),),
        ),
    )


def withdrawn(result: Withdrawn, *, by_code: bool) -> Reply:
    """After a withdrawal."""
    head = "前面已经记下了。" if result.repeated else "记下了。"
    if result.goes_on:
        how = "发查询码一样看得到" if by_code else "一样会告诉您"
        after = f"这件属于必查的，要查完，您不用再做什么；有了结果，{how}。"
    elif result.answer_by:
        after = f"办案的人会看，最晚{people_date(result.answer_by)}回您。"
    else:
        after = "办案的人会看。"
    return Reply(f"{_named(result.case)}：{head}{after}\n改主意了，随时在这里说。", _dialogue_rows(result.case))


# A date that has passed


def asked_above(asked: Asked) -> Reply:
    """After 请上级过问."""
    if asked.missed is None:
        return Reply(f"{_named(asked.case)}：眼下没有过了期的日子，或者上面没有单位可问。", _dialogue_rows(asked.case))
    if asked.repeated:
        return Reply(
            f"{_named(asked.case)}：已经请上级过问了，不用再点。上级的答复会写在这里。", _dialogue_rows(asked.case)
        )
    return Reply(
        f"{_named(asked.case)}：好，已经请上级过问了。上级会来看，答复写在这里，点“看这一件”就能看到。\n"
        "系统不会告诉办这件的单位，是您问的。",
        _dialogue_rows(asked.case),
    )


def date_missed(data: dict[str, Any], _now: datetime) -> Reply:
    """A promised date has passed: said once, unasked."""
    due = people_date(date.fromisoformat(data["due_on"]))
    number = data["number"]
    promised = _PROMISES[ClockKind(data["clock"])]
    lines = [f"您反映的 {number}（{data['place']}），本来最晚{due}{promised}，还没有，对不住。"]
    rows: list[tuple[Button, ...]] = []
    if data["may_ask"]:
        lines.append("您可以点一下，请上级过问；也可以再等等，都不耽误。系统不会告诉办这件的单位，是您问的。")
        rows.append((_case_tap("请上级过问", "above", number),))
    rows.append((_case_tap("看这一件", "show", number),))
    return Reply("\n".join(lines), tuple(rows))


# Notices of a case


def status_rows(number: str) -> tuple[tuple[Button, ...], ...]:
    """Buttons under a notice of a case."""
    return ((_case_tap("看这一件", "show", number), _case_tap("补充或提问", "add", number)),)


def result_told(data: dict[str, Any], _now: datetime) -> Reply:
    """The result, and what its reporter can do about it."""
    found = FINDINGS.get(data["finding"], "")
    number = data["number"]
    return Reply(
        f"您反映的 {number} 有结果了。\n{found}{'。' if found else ''}\n{data['words']}\n\n"
        "对结果有不同意见，或者有新的证据，都可以在这里说，会有人看。\n结果请自己知道就好，不要往外传。",
        (
            (_case_tap("对结果有意见", "object", number), _case_tap("有新证据", "evidence", number)),
            (_case_tap("看这一件", "show", number),),
        ),
    )


def report_filed(data: dict[str, Any], _now: datetime) -> Reply:
    """The receipt of a report that waited for its turn."""
    return receipt(
        Receipt(
            number=data["number"],
            code=data["code"],
            answer_due_on=date.fromisoformat(data["answer_due_on"]),
            received_at=datetime.fromisoformat(data["received_at"]),
            file_hashes=tuple(data["file_hashes"]),
            keeps_chat=data["keeps_chat"],
            missing=tuple(data["missing"]),
            signed=data.get("signed", ""),
            name_not_kept=bool(data.get("name_not_kept")),
        )
    )
