"""Every word the chat says, but what it says of filed cases (case_texts.py). The voice: CONTRIBUTING.md.

A function gives one `Reply`: what to say and which buttons go under it. Answer first; one idea a line; always the way
out; never blame; nothing that gives a content away on a locked screen.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from handlers.chat import case_texts, evidence_texts, reminder_texts
from handlers.chat.keyboards import CaseTap, HomeTap, MenuTap, ReportTap, SignTap, entry_data, inquiry_data
from handlers.chat.reply import Button, Reply, rows_of, tap
from handlers.chat.wording import (
    ASK,
    MINE,
    OWN_DATA,
    PRIVACY,
    REPORT,
    SCHEDULE,
    days_left,
    menu_buttons,
    people_date,
    short,
    short_date,
)
from handlers.services.answers import AskOutcome
from handlers.services.commitments import Signed, SigningView
from handlers.services.home import Home
from handlers.services.laws import Quoted
from handlers.services.own_data import OwnCase, OwnData
from handlers.services.own_dates import ELECTION_DAY, OwnDate, OwnDates, Schedule, Standing
from handlers.services.report_view import Problem, ReportView, Step
from knowledge.clock import SHANGHAI, local_date
from knowledge.model import Answer, Citation, Intent, Jurisdiction, Kind
from knowledge.privacy import privacy_notice
from storage.repositories.places import Place

_CIRCLED: Final = "①②③④⑤⑥⑦⑧⑨"
_SHOWN_IN_SUMMARY: Final = 60
_SOURCES_SHOWN: Final = 2  # in the first message; all of them behind 说详细点
LONGEST_QUOTE: Final = 3_500  # characters of official text in one message


# Menu


def welcome() -> Reply:
    """The first words of a chat."""
    return Reply(
        "您好，我是清风，帮大家看着村和社区的换届选举。\n"
        "想知道选举怎么办，直接打字问我。\n"
        "看到拉票、送钱送物，也能在这里反映。名字另外加密，村里查不到。",
        rows_of(menu_buttons(), 2),
    )


def ask_away() -> Reply:
    """An invitation to type a question."""
    return Reply(
        "您说，想问什么？直接打字就行。\n比如：外出打工怎么投票？",
        rows_of([tap(REPORT, MenuTap(act="report")), tap(MINE, MenuTap(act="mine"))], 2),
    )


def paused(*, has_draft: bool) -> Reply:
    """After 停."""
    if has_draft:
        return Reply(
            "好，先停在这里，写好的都留着，随时可以接着写。",
            rows_of([tap("接着写", MenuTap(act="report")), tap(ASK, MenuTap(act="ask"))], 2),
        )
    return Reply("好。需要的时候再叫我。", rows_of(menu_buttons(), 2))


def say_something() -> Reply:
    """For a message without words."""
    return Reply("收到了，可是里面没有字。请打字说说：想问什么，或者想反映什么？", rows_of(menu_buttons(), 2))


def cannot_listen() -> Reply:
    """For a voice message outside a report."""
    return Reply(
        "语音我还听不懂，不敢乱答。\n请打字再说一遍；用输入法的语音转文字也行。\n"
        "如果这段录音是证据，先点下面，再发一次。",
        rows_of([tap(REPORT, MenuTap(act="report")), tap(ASK, MenuTap(act="ask"))], 2),
    )


def cannot_use(what: str) -> Reply:
    """For a kind of message nothing can be done with; says that it was not kept."""
    return Reply(f"{what}我用不上，没有保存。请打字说说要问什么，或者要反映什么。", rows_of(menu_buttons(), 2))


def edited_message() -> Reply:
    """For a message changed after it was sent, outside every report."""
    return Reply(
        "您改了前面发过的一条。改之前的我已经收下了，改后的没有存。\n"
        "要更正，请把改好的话重新发一遍；要放进没留名的反映里，请先发查询码。"
    )


def stale_button(*, toast: bool = True) -> Reply:
    """For a button of an earlier step."""
    return Reply(toast="这个按钮已经过时了，请看最新的一条。" if toast else "")


def busy() -> Reply:
    """While the database cannot be reached."""
    return Reply("系统这会儿有点忙，这条还没收下。您写的都在，过几秒会自动再发。")


def something_broke(reference: str) -> Reply:
    """For our own fault."""
    return Reply(
        f"刚才这条没处理好，是系统的问题，不怪您。\n请过一会儿再发一次；还不行，请告诉值班的人编号 {reference}。"
    )


# What is held about somebody


def privacy(link: str, *, is_ours: bool) -> Reply:
    """What becomes of a name, in short, and where the whole of it stands; elsewhere a word on who reads along."""
    said = privacy_notice().asked if is_ours else f"{privacy_notice().asked}\n{privacy_notice().telegram}"
    first = Button("看完整说明", url=link)
    return Reply(said, ((first,), (tap("接着写", MenuTap(act="report")), tap(OWN_DATA, MenuTap(act="own"))), _ONE_MENU))


def own_data(data: OwnData, link: str = "") -> Reply:
    """What is held about somebody: counted, with the ways to take it along and to erase it."""
    lines = ["我们这里存着您的："]
    lines.append(f"聊天记录{data.messages}条，问过的话{len(data.questions)}句。")
    lines.append(f"您的村（社区）：{data.home or '没有存'}。")
    if data.subscriptions:
        lines.append(f"订了选举提醒：{'、'.join(data.subscriptions)}。")
    if data.draft:
        lines.append("没写完的反映1份。")
    if data.waiting:
        lines.append(f"排着等交的反映{data.waiting}件。")
    lines.extend(_own_case(one) for one in data.cases)
    if not data.cases:
        lines.append("从这里交的、跟这个聊天连着的反映：没有。")
    lines.append(f"办完的件存{data.keeps_years}年，必查的归档。名字系统自己打不开，所以这里不显示。")
    rows: list[tuple[Button, ...]] = [(Button("拿走一份", url=link),)] if link else []
    rows.append((tap("删掉聊天和草稿", MenuTap(act="ask_erase")),))
    return Reply("\n".join(lines), (*rows, (tap(PRIVACY, MenuTap(act="privacy")), tap(ASK, MenuTap(act="ask")))))


def _own_case(one: OwnCase) -> str:
    name = "没留名"
    if one.has_name:
        name = f"留了名，{short_date(one.agreed.given_at)}同意的" if one.agreed else "留了名"
    return f"{one.number}：{short_date(one.received_at)}收到，{case_texts.PUBLIC_STATES[one.state]}，{name}。"


def own_data_file(data: OwnData, now: datetime) -> str:
    """The same as a text to take along, with every word that can be opened."""
    lines = [f"清风 · 我的数据（{people_date(local_date(now))}）", own_data(data).text, "", "问过的话："]
    lines.extend(f"- {one}" for one in data.questions)
    lines.append("没写完的反映：")
    lines.extend(f"- {_FIELD_LABELS.get(name, name)}：{words}" for name, words in data.draft.items())
    lines.append("说过的话在聊天里，发来的文件在聊天里点开就能存。")
    return "\n".join(lines) + "\n"


_FIELD_LABELS: Final = {
    "what": "经过",
    "who": "反映谁",
    "place": "哪个村",
    "when": "时间",
    "where": "地点",
    "how_known": "怎么知道的",
    "identity": "姓名电话（遮住的）",
}


def confirm_erase(*, is_ours: bool) -> Reply:
    """Before a chat is forgotten."""
    here = "" if is_ours else "对话里已经显示的，请您自己在 Telegram 里删。\n"
    return Reply(
        "真的删吗？聊天记录、问过的话、没交的草稿，删了找不回来。\n"
        f"{here}已经交上来的反映删不了：办案的材料法律要求留着（个人信息保护法第十三条、第四十七条）。"
        "不想再追问，可以在那一件里点“不想反映了”。编号和查询码请先记下。",
        ((tap("不删", MenuTap(act="own")),), (tap("删掉", MenuTap(act="erase")),)),
    )


def erased() -> Reply:
    """After a chat was forgotten."""
    return Reply("删掉了。还在等答复的话，答复完再删。想问想说，随时再来。", rows_of(menu_buttons(), 2))


_ONE_MENU: Final = (tap(ASK, MenuTap(act="ask")),)


# Ask


_RELATED_SHOWN: Final = 3


def answer(outcome: AskOutcome, *, opening: str = "") -> Reply:
    """An answer with its source, and what to do next.

    The own village's dates stand above it. `opening` is what was just understood.
    """
    found, inquiry_id, looks_like_report = outcome.answer, outcome.inquiry_id, outcome.looks_like_report
    lines = [opening] if opening else []
    if outcome.own is not None:
        lines.append(_own_dates(outcome.own))
    lines.append(found.text)
    if found.citations:
        rest = "等" if len(found.citations) > _SOURCES_SHOWN else ""
        lines.append(f"依据：{_sources(found.citations[:_SOURCES_SHOWN])}{rest}")
    if looks_like_report:
        lines.append("您要是知道是谁、什么事，就在这里反映。名字另外加密，村里查不到；不留名也行。")
    rows: list[tuple[Button, ...]] = []
    if looks_like_report:
        rows.append((Button("我要反映这件事", inquiry_data("report", inquiry_id)),))
    if outcome.own is not None and outcome.own.dates:
        rows.append((reminder_texts.subscribe_button(outcome.own.place_id),))
    whose = _whose_answer(outcome)
    rows.extend(whose)
    related = found.suggestions[: _RELATED_SHOWN - len(whose)]
    rows.extend((Button(near.question, entry_data(near.entry_id)),) for near in related)
    last = [Button("有用", inquiry_data("useful", inquiry_id))]
    last.append(Button("没用", inquiry_data("useless", inquiry_id)))
    rows.append(tuple(last))
    more = [Button("说详细点", inquiry_data("more", inquiry_id))] if found.more else []
    if outcome.can_quote:
        more.append(Button("看条文", inquiry_data("articles", inquiry_id)))
    rows.append((*more, Button("问人", inquiry_data("person", inquiry_id))))
    return Reply("\n".join(lines), tuple(rows))


def _whose_answer(outcome: AskOutcome) -> list[tuple[Button, ...]]:
    """Buttons to say where one is at home, where the answer would be another one."""
    found, asked = outcome.answer, outcome.inquiry_id
    rows: list[tuple[Button, ...]] = []
    if found.differs_by_kind:
        village, community = (HomeTap(act=act, inquiry_id=asked) for act in ("village", "community"))
        rows.append((tap("我是村里的", village), tap("我是社区的", community)))
    if found.differs_by_place and not outcome.home.told:
        if outcome.home.place:
            rows.append((tap("说一下我是哪个省的", HomeTap(act="provinces", inquiry_id=asked)),))
        else:
            rows.append((tap("说一下我是哪儿的", HomeTap(act="change", inquiry_id=asked)),))
    return rows


def _own_dates(own: OwnDates) -> str:
    lines = [f"来自您{'社区' if own.is_community else '村'}的选举日程（{own.place_name}）："]
    lines.extend(_own_date(one, own.today) for one in own.dates)
    if not own.dates:
        lines.append("这个日子还没有录进来，请看公告，或者问选举委员会。")
    lines.append("下面是一般的规定：")
    return "\n".join(lines)


def schedule(found: Schedule) -> Reply:
    """How the own village's election stands today, and what one may do at this stage."""
    subscribe = (reminder_texts.subscribe_button(found.place_id),)
    ask = (tap(ASK, MenuTap(act="ask")),)
    if not found.dates:
        return Reply(
            f"{found.place_name}现在没有在办的选举，或者日程还没录进来。请看公告，或者问选举委员会。", (subscribe, ask)
        )
    vote, *coming = found.dates
    lines = [f"{found.place_name}的选举日程，今天是{people_date(found.today)}。", _own_date(vote, found.today)]
    lines.append(f"现在这一段：{found.stage}。\n您的权利：{found.right}。")
    if coming:
        lines.append("接下来：")
        lines.extend(f"· {_own_date(one, found.today)}" for one in coming)
    lines.append("日子以村里贴的公告为准。")
    more = ((Button(found.question, entry_data(found.entry_id)),),) if found.entry_id else ()
    return Reply("\n".join(lines), (*more, subscribe, ask))


def _own_date(one: OwnDate, today: date) -> str:
    latest = "" if one.code == ELECTION_DAY else "最晚"
    when = f"{latest}{people_date(one.due_on)}"
    return f"{one.title}：{when}{_STANDING[one.standing].format(left=days_left(one.due_on, today))}"


_STANDING: Final = {
    Standing.AHEAD: "，{left}。",
    Standing.DONE: "，已经办完了。",
    Standing.PASSED: "，这一天已经过了，还没登记办完。可能改了日子，请看公告，或者问选举委员会。",
    Standing.UNSETTLED: "，这是暂时的安排，还可能变。",
}


def articles(found: Sequence[Quoted]) -> list[Reply]:
    """The official text of the articles an answer stands on, cut into messages that are not too long."""
    if not found:
        return [entry_gone()]
    parts: list[str] = []
    for one in found:
        cited = one.citation
        head = f"《{cited.source}》（{cited.version}）{cited.article}"
        parts.extend(_pieces(head, one.text))
    messages: list[str] = []
    for part in parts:
        if messages and len(messages[-1]) + len(part) + 2 <= LONGEST_QUOTE:
            messages[-1] = f"{messages[-1]}\n\n{part}"
        else:
            messages.append(part)
    return [Reply(message) for message in messages]


def _pieces(head: str, text: str) -> list[str]:
    """An article under its name; a very long one in several pieces, cut at paragraphs or sentences."""
    room = LONGEST_QUOTE - len(head) - len("（接上）\n“”")
    pieces, rest = [], text
    while len(rest) > room:
        cut = max(rest.rfind(mark, 0, room) + 1 for mark in ("\n", "。", "；")) or room
        pieces.append(rest[:cut].strip())
        rest = rest[cut:].strip()
    pieces.append(rest)
    return [f"{head}{'（接上）' if at else ''}\n“{piece}”" for at, piece in enumerate(pieces)]


def no_answer(found: Answer, reply_by: date) -> Reply:
    """An honest "I don't know": who answers, by when, and the nearest questions."""
    rows = [(Button(near.question, entry_data(near.entry_id)),) for near in found.suggestions[:3]]
    rows.append((tap(REPORT, MenuTap(act="report")),))
    nearby = "\n换个说法再问一次也行" + ("，或者点下面相近的：" if found.suggestions else "。")
    return Reply(
        f"这个我拿不准，不敢乱讲。\n问题交给值班的人了，最晚{people_date(reply_by)}在这里答复您。{nearby}",
        tuple(rows),
    )


_SMALL_TALK: Final = {
    Intent.THANKS: "不客气。还有想问的，直接打字就行。",
    Intent.GOODBYE: "好，您慢走。有事随时来。",
    Intent.TEST: "收到，我在。想问选举的事，直接打字就行。",
    Intent.ABUSE: "没帮上忙，对不住。您想办什么事，说一句就行；要找真人，打“转人工”。",
    Intent.NONSENSE: "这句没看懂。用一句话说想问什么，比如：委托票一个人能带几张。",
}


def small_talk(intent: Intent) -> Reply:
    """For somebody who greets, thanks, tries the bot out or is angry."""
    said = _SMALL_TALK.get(intent)
    return Reply(said, (tuple(menu_buttons()[:2]),)) if said else welcome()


def other_door(found: Answer, inquiry_id: int) -> Reply:
    """For a question that belongs elsewhere: who is responsible."""
    return Reply(
        found.door,
        (
            (Button("还是想问人", inquiry_data("person", inquiry_id)),),
            tuple(menu_buttons()[:2]),
        ),
    )


def maybe_report(found: Answer, inquiry_id: int) -> Reply:
    """For a message that tells of something rather than asks."""
    rows = [
        (Button("我要反映这件事", inquiry_data("report", inquiry_id)),),
        *((Button(near.question, entry_data(near.entry_id)),) for near in found.suggestions[:2]),
        (Button("不是，转给人看", inquiry_data("person", inquiry_id)),),
    ]
    return Reply(
        "您说的像是一件要反映的事。要在这里反映吗？\n"
        "刚才写的会带过去，不用重写。名字另外加密，村里查不到；不留名也行。",
        tuple(rows),
    )


def details(found: Answer) -> Reply:
    """The longer text behind 说详细点."""
    return Reply(f"{found.more}\n依据：{_sources(found.citations)}" if found.citations else found.more)


def _sources(citations: Iterable[Citation]) -> str:
    return "；".join(f"{one.source}（{one.version}）{one.article}" for one in citations)


def thanks_useful() -> Reply:
    """After 有用."""
    return Reply(toast="谢谢，记下了。")


def sorry_useless(inquiry_id: int) -> Reply:
    """After 没用."""
    return Reply(
        "没帮上忙，记下了。要不要让人来答？",
        ((Button("让人来答", inquiry_data("person", inquiry_id)),),),
        toast="记下了",
    )


def handed_over(reply_by: date) -> Reply:
    """After 问人."""
    return Reply(f"问题交给值班的人了，最晚{people_date(reply_by)}在这里答复您。", toast="已转给人")


def entry_gone() -> Reply:
    """For a question that the content no longer has."""
    return Reply("这个问题的内容正在更新。请打字再问一次。")


# Where somebody is at home


def where_are_you(places: Sequence[Place], provinces: Sequence[Jurisdiction], inquiry_id: int = 0) -> Reply:
    """The question where somebody is at home; asked once."""
    if not places:
        return which_province(provinces, inquiry_id)
    return Reply(
        "您是哪个村（社区）的？打村名，或点下面。\n记住以后，就按您那儿的规定和日子答。随时可以改，也可以不说。",
        _home_rows(places, inquiry_id),
    )


def which_place(places: Sequence[Place], inquiry_id: int = 0) -> Reply:
    """Several places are called like that."""
    return Reply("有好几个地方名字相近，请点一个。", _home_rows(places, inquiry_id))


def place_unknown(typed: str, places: Sequence[Place], provinces: Sequence[Jurisdiction], inquiry_id: int = 0) -> Reply:
    """No place of ours is called like that."""
    if not places:
        return Reply(
            f"“{short(typed, 12)}”这里没有登记。点一下是哪个省，也能按省里的规定答。",
            _province_rows(provinces, inquiry_id),
        )
    return Reply(
        f"名单里没有找到“{short(typed, 12)}”。请看看下面有没有，或者换个写法；都不是，就点“不在这里”。",
        _home_rows(places, inquiry_id),
    )


def which_province(provinces: Sequence[Jurisdiction], inquiry_id: int = 0) -> Reply:
    """Which province somebody is in, of those whose rules are on file."""
    return Reply("您是哪个省（市）的？各省的办法不一样，这里登记了这几个：", _province_rows(provinces, inquiry_id))


def home_known(home: Home) -> Reply:
    """What is remembered of somebody's place, and how to change it."""
    about_election = _about_election(home.place)
    rows = (
        *about_election,
        (tap("换一个", HomeTap(act="change")), tap("忘掉它", HomeTap(act="forget"))),
        (tap(ASK, MenuTap(act="ask")),),
    )
    return Reply(f"记着的是：{_home_name(home)}。\n按那儿的规定和日子回答您。", rows)


def _about_election(place: Place | None) -> tuple[tuple[Button, ...], ...]:
    """The own village's schedule, and being reminded of it."""
    if place is None:
        return ()
    return ((tap(SCHEDULE, MenuTap(act="dates")), reminder_texts.subscribe_button(place.id)),)


def home_noted(home: Home) -> str:
    """What was just understood of somebody's place, before an answer."""
    return f"好，记住了：{_home_name(home)}。"


def home_remembered(home: Home) -> Reply:
    """What was just understood of somebody's place."""
    return Reply(
        f"{home_noted(home)}以后按这个回答您，想改就发“换村”。",
        (
            *_about_election(home.place),
            (tap("换一个", HomeTap(act="change")), tap(ASK, MenuTap(act="ask"))),
        ),
    )


def home_forgotten() -> Reply:
    """After 忘掉它."""
    return Reply("好，忘掉了。以后按一般的规定答。", rows_of(menu_buttons(), 2))


def home_elsewhere() -> Reply:
    """For a province without rules on file."""
    return Reply("别的省的办法这里还没有登记，我按全国的法律答您。省里另有规定的，以当地文件为准。")


def home_untold() -> Reply:
    """After 不说了."""
    return Reply("好，不说也行，照常问。", rows_of(menu_buttons(), 2))


_KINDS: Final = {Kind.VILLAGE: "村里的", Kind.COMMUNITY: "社区的"}


def _home_name(home: Home) -> str:
    province = home.province.name if home.province else "别的省" if home.told else ""
    if home.place:
        return f"{home.place.name}（{province}）" if province else home.place.name
    return "，".join(part for part in (province, _KINDS.get(home.kind, "") if home.kind else "") if part)


def _home_rows(places: Sequence[Place], inquiry_id: int) -> tuple[tuple[Button, ...], ...]:
    named = [tap(one.name, HomeTap(act="place", value=str(one.id), inquiry_id=inquiry_id)) for one in places[:12]]
    last = (
        tap("不在这里", HomeTap(act="provinces", inquiry_id=inquiry_id)),
        tap("不说了", HomeTap(act="never", inquiry_id=inquiry_id)),
    )
    return (*rows_of(named, 2), last)


def _province_rows(provinces: Sequence[Jurisdiction], inquiry_id: int) -> tuple[tuple[Button, ...], ...]:
    named = [tap(one.name, HomeTap(act="province", value=one.id, inquiry_id=inquiry_id)) for one in provinces]
    last = (
        tap("别的省", HomeTap(act="elsewhere", inquiry_id=inquiry_id)),
        tap("不说了", HomeTap(act="never", inquiry_id=inquiry_id)),
    )
    return (*rows_of(named, 2), last)


# Report

_QUESTIONS: Final = {
    Step.WHAT: "什么事？请把经过说一说，想到什么写什么，长短都行。",
    Step.WHO: "反映的是谁？写名字；不知道名字，写职务或者怎么称呼也行。",
    Step.PLACE: "在哪个村（社区）？打村名，或点下面。",
    Step.WHEN: "什么时候的事？比如：3月8日晚上。",
    Step.WHERE: "在什么地方？比如：村口小卖部、微信群里。",
    Step.HOW_KNOWN: "您是怎么知道的？",
    Step.EVIDENCE: "有照片、录音、转账截图吗？直接发过来，可以发好几个，发完点“发完了”。",
    Step.IDENTITY: (
        "最后，请留名字和手机号，发在一条里。\n"
        "比如：王小明 后面写11位手机号。\n"
        "留名的会优先办，并且给您回音。名字和号码马上另外加密，办案的人也要批准了才打得开，被反映的人和村里都打不开。\n"
        "不用身份证。也可以不留名，一样会办。\n"
        f"{privacy_notice().consent}"
    ),
}
_FIELD_NAMES: Final = {
    Step.WHAT: "经过",
    Step.WHO: "反映谁",
    Step.PLACE: "哪个村",
    Step.WHEN: "时间",
    Step.WHERE: "地点",
    Step.HOW_KNOWN: "怎么知道的",
    Step.EVIDENCE: "证据",
    Step.IDENTITY: "姓名电话",
}
_QUICK: Final = {
    Step.WHO: ("不知道是谁",),
    Step.WHEN: ("今天", "昨天", "记不清"),
    Step.WHERE: ("说不清",),
    Step.HOW_KNOWN: ("亲眼看到", "我自己收到了", "听别人说的"),
}


def quick_answers(step: Step, today: date) -> dict[str, str]:
    """What each quick button of a prompt stands for, by its position."""
    spoken = {"今天": f"今天，{people_date(today)}", "昨天": f"昨天，{people_date(today - timedelta(days=1))}"}
    return {str(at): spoken.get(label, label) for at, label in enumerate(_QUICK.get(step, ()))}


def prompt(view: ReportView, *, opening: str = "") -> Reply:
    """The present prompt of a report, with what was wrong before it."""
    if view.step is Step.REVIEW:
        return _summary(view)
    lines = [opening] if opening else []
    if view.problem:
        lines.append(_problem(view))
        if view.problem in _OF_FILES and view.detail:
            lines.append("一起发来的字收好了，加到“经过”里了。")
    elif view.kept and view.step is Step.EVIDENCE:
        lines.append(_kept_files(view))
    elif view.kept:
        lines.append("📎 收好了，当作证据。接着请回答：")
    if not (view.problem and view.step is Step.IDENTITY):  # the long question was just read
        lines.append(f"{_CIRCLED[view.number - 1]} {_question(view)}")
    if opening:
        lines.append("想歇一会儿，发“停”就行，写好的都留着。")
    return Reply("\n".join(lines), _prompt_rows(view), remove_incoming=view.remove_incoming)


def corrected(view: ReportView) -> Reply:
    """For a message changed after it was sent, inside a report: both versions are kept; the present prompt again."""
    said = prompt(view)
    if view.problem or view.step is Step.IDENTITY:
        return said
    return replace(said, text=f"您改了前面发过的一条。原来的留着，改后的也收好了，加到“经过”里了。\n{said.text}")


def draft_waiting(view: ReportView) -> Reply:
    """When somebody begins a report while another is still being written."""
    what = view.answers.get("what", "")
    about = f"（{short(what, 20)}）" if what else ""
    return Reply(
        f"您还有一份没写完的反映{about}，停在第{view.number or len(_QUESTIONS)}步，都存着。\n接着写，还是重新写一份？",
        (
            (tap("接着写这份", ReportTap(act="resume", step=view.step)),),
            (tap("不要这份，重新写", ReportTap(act="restart", step=view.step)),),
        ),
    )


def confirm_drop() -> Reply:
    """Before a draft is thrown away."""
    return Reply(
        "真的不报了吗？写过的和发来的照片会删掉，找不回来。",
        (
            (tap("不删，先存着", ReportTap(act="pause", step="any")),),
            (tap("删掉，不报了", ReportTap(act="drop", step="any")),),
        ),
    )


def dropped() -> Reply:
    """After a draft was thrown away."""
    return Reply("已经删掉了。想反映的时候，随时再来。", rows_of(menu_buttons(), 2))


def choose_field(view: ReportView) -> Reply:
    """Which field to change."""
    buttons = [tap(name, ReportTap(act="edit", step=step)) for step, name in _FIELD_NAMES.items()]
    rows = (*rows_of(buttons, 2), (tap("不改了，回去看", ReportTap(act="resume", step=view.step)),))
    return Reply("改哪一项？别的都不动。", rows)


def already_submitted() -> Reply:
    """For 提交 pressed again."""
    return Reply(toast="已经交过了，不会重复。")


def no_draft() -> Reply:
    """For a report's button pressed when no report is being written."""
    return Reply(
        "现在没有在写的反映。交了的可以在“我的反映”里看。",
        rows_of([tap(REPORT, MenuTap(act="report")), tap(MINE, MenuTap(act="mine"))], 2),
        toast="没有在写的反映",
    )


def _question(view: ReportView) -> str:
    identity = view.answers.get("identity", {})
    if view.step is Step.IDENTITY and identity.get("other_contact"):
        if "name_shown" in identity:
            return "怎么联系您？写微信号、亲戚电话或者住址都行。"
        return "请写名字，空一格，再写怎么联系您（微信号、亲戚电话、住址都行）。"
    return _QUESTIONS[view.step]


def _problem(view: ReportView) -> str:
    sizes = {
        Problem.NO_WORDS: "收到了，可是里面没有字。请用文字说说。",
        Problem.TOO_LONG: "这段话有点长，我把它加到“经过”里了，没有丢。这里请写短一点。",
        Problem.WORDS_WANTED: "这个我看不懂。请打字回答。",
        Problem.FILE_EMPTY: "这个文件是空的，请再发一次。",
        Problem.UNKNOWN_PLACE: f"名单里没有找到“{view.detail}”。请看看下面有没有，或者换个写法。",
        Problem.SEVERAL_PLACES: "有好几个地方名字相近，请点一个。",
        Problem.PHONE_WRONG: _wrong_phone(view),
        Problem.PHONE_MISSING: "名字收好了，已经加密。请再发一个能找到您的手机号。",
        Problem.NAME_MISSING: "号码收好了，已经加密。请再发您的名字。",
        Problem.NO_CUSTODIAN: "现在还没有人保管名字的钥匙。为了保护您，刚才那条没有存。可以先不留名交上来。",
        Problem.NAME_AGAIN: "还没交，写的都在。保管名字的人变了，名字打不开了。请再写一遍名字和电话，或者点“不留名”。",
        Problem.CONSENT_FIRST: "存名字之前，先请您看一眼下面这段话。刚才那条没有存，同意的话请再发一次。",
        Problem.STORY_FULL: "写的已经很多了，刚才这段没有存。请先交上来，交了以后再补充。",
        Problem.NOTHING_YET: "请先说说是什么事，一句话也行。",
    }
    return sizes[view.problem] if view.problem else ""


_OF_FILES: Final = (Problem.FILE_EMPTY,)


def _wrong_phone(view: ReportView) -> str:
    kept = "名字收好了。" if "name_shown" in view.answers.get("identity", {}) else ""
    if view.detail == "11":
        return f"{kept}这个号码不像手机号，请核对一下再发。"
    return f"{kept}手机号要11位，这个是{view.detail}位，请核对一下再发。"


def _kept_files(view: ReportView) -> str:
    count = len(view.files)
    later = [one for one in view.files if one.shown_from]
    if later:
        return f"📎 收好了，一共{count}个，都存着。文件多，办案的人先看前面的，后面{len(later)}个晚一点看到。"
    return f"📎 收好了，一共{count}个。还有就接着发，没有了点“发完了”。" if count else "收好了，加到“经过”里了。"


def _prompt_rows(view: ReportView) -> tuple[tuple[Button, ...], ...]:
    step = view.step
    rows: list[tuple[Button, ...]] = []
    if step is Step.PLACE:
        places = [tap(p.name, ReportTap(act="place", step=step, value=str(p.id))) for p in view.places[:12]]
        rows.extend(rows_of(places, 2))
        if view.answers.get("place_typed"):
            rows.append((tap("名单里没有，就按我写的", ReportTap(act="elsewhere", step=step)),))
    quick = [
        tap(label, ReportTap(act="quick", step=step, value=str(at))) for at, label in enumerate(_QUICK.get(step, ()))
    ]
    rows.extend(rows_of(quick, 3 if step is Step.WHEN else 1))
    if step is Step.EVIDENCE:
        done = "发完了" if view.files else "没有，下一步"
        rows.append((tap(done, ReportTap(act="skip", step=step)), tap("有大文件", ReportTap(act="upload", step=step))))
    if step is Step.IDENTITY:
        rows.append((tap("不留名", ReportTap(act="skip", step=step)),))
        rows.append((tap(PRIVACY, MenuTap(act="privacy")),))
        if not view.answers.get("identity", {}).get("other_contact"):
            rows.append((tap("换一种联系方式", ReportTap(act="other", step=step)),))
    back = "返回" if view.editing else "上一步"
    if step is Step.WHAT and not view.editing:
        rows.append(
            (tap("先存着", ReportTap(act="pause", step=step)), tap("不报了", ReportTap(act="ask_drop", step=step)))
        )
    else:
        rows.append((tap(back, ReportTap(act="back", step=step)), tap("先存着", ReportTap(act="pause", step=step))))
    return tuple(rows)


def _summary(view: ReportView) -> Reply:
    answers, files = view.answers, len(view.files)
    identity = answers.get("identity", {})
    name = f"{identity['shown']}（已加密）" if identity.get("shown") else "不留名"
    shown = {
        Step.WHAT: short(answers.get("what", ""), _SHOWN_IN_SUMMARY),
        Step.WHO: short(answers.get("who", ""), 30) or "没有写",
        Step.PLACE: answers.get("place", {}).get("name", "没有写"),
        Step.WHEN: short(answers.get("when", ""), 30) or "没有写",
        Step.WHERE: short(answers.get("where", ""), 30) or "没有写",
        Step.HOW_KNOWN: short(answers.get("how_known", ""), 30) or "没有写",
        Step.EVIDENCE: (f"{files}个文件" if files else "没有文件")
        + (f"，还有{view.announced}个大文件等您传" if view.announced else ""),
        Step.IDENTITY: name,
    }
    lines = ["请看一遍，对不对？"]
    if view.problem:
        lines.insert(0, _problem(view))
    elif view.kept:
        lines.insert(0, "收好了。")
    lines.extend(f"{_FIELD_NAMES[step]}：{value}" for step, value in shown.items())
    news = () if view.is_named else _news(lines, here=view.keeps_chat)
    lines.append("照实说就好，想不起来的写“记不清”就行。")
    return Reply(
        "\n".join(lines),
        (
            (tap("对，提交", ReportTap(act="submit", step=Step.REVIEW)),),
            *news,
            (
                tap("改一项", ReportTap(act="choose", step=Step.REVIEW)),
                tap("先存着", ReportTap(act="pause", step=Step.REVIEW)),
            ),
            (tap("不报了", ReportTap(act="ask_drop", step=Step.REVIEW)),),
        ),
        remove_incoming=view.remove_incoming,
    )


def _news(lines: list[str], *, here: bool) -> tuple[tuple[Button, ...], ...]:
    """How somebody without a name hears of the report: by the code alone, unless they want it here."""
    if here:
        lines.append("查进度：有进展在这里告诉您（这个聊天会加密记下来）。")
        return ((tap("不用了，凭查询码查", ReportTap(act="by_code", step=Step.REVIEW)),),)
    lines.append("查进度：交了以后给您一个查询码，凭它查。这里不记您是谁。")
    return ((tap("有进展在这里告诉我", ReportTap(act="here", step=Step.REVIEW)),),)


# Commit


def signing(view: SigningView, *, opening: bool = False) -> Reply:
    """The next paper to read and sign, or that all is signed."""
    candidate, pack = view.candidate, view.pack
    if view.next_paper is None:
        return all_signed(view)
    due = people_date(candidate.election.commitments_due_on)
    lines = []
    if opening:
        lines.append(
            f"{candidate.name}，您好。参加{candidate.election.place_name}选举，要先签{pack.name}"
            f"（{len(pack.commitments)}份），最晚{due}签完。\n没签全就不能参选。大约要5分钟。"
        )
    if view.problem == "name_differs":
        lines.append("名字和登记的不一样，请再看一眼，打全名。登记错了，请找镇换届办改。")
    paper = view.next_paper
    lines.append(f"第{view.number}份，共{len(pack.commitments)}份：{paper.title}（{paper.says}）\n{paper.text}")
    if pack.is_template:
        lines.append("（这是样本文字，正式文字以当地文件为准）")
    lines.append("同意的话，打上您的全名，就算签了。")
    return Reply("\n\n".join(lines), _signing_rows(view))


def signed(result: Signed) -> Reply:
    """A receipt for one signature, followed by the next paper."""
    at = result.signature.signed_at.astimezone(SHANGHAI)
    again = "这一份您已经签过了，不用再签。" if result.repeated else "✅ 签好了。"
    head = f"{again}\n{result.paper.title}，{at.month}月{at.day}日 {at:%H:%M}，回执 {result.signature.receipt}"
    following = signing(result.view)
    return Reply(f"{head}\n\n{following.text}", following.rows)


def all_signed(view: SigningView) -> Reply:
    """Everything is signed."""
    lines = [f"✅ {view.pack.name}全部签好，{view.candidate.election.place_name}的承诺这一关过了。"]
    lines.extend(
        f"{paper.title}：回执 {signature.receipt}"
        for paper in view.pack.commitments
        for signature in view.signed
        if signature.kind == paper.kind
    )
    lines.append("下一步是资格审查，由镇里和县里有关部门办，结果会告诉您。请截图保存。")
    return Reply("\n".join(lines), rows_of([tap(ASK, MenuTap(act="ask"))]))


def link_spent() -> Reply:
    """For an invitation that no longer works."""
    return Reply("这个链接用过了，或者过期了。请找镇换届办再要一个。", rows_of(menu_buttons(), 2))


def not_a_candidate() -> Reply:
    """For somebody who has nothing to sign."""
    return Reply("您这里没有要签的承诺书。参选的人会收到镇换届办发的链接。", rows_of(menu_buttons(), 2))


def _signing_rows(view: SigningView) -> tuple[tuple[Button, ...], ...]:
    candidate_id = view.candidate.id
    return (
        (
            tap("等会儿再签", SignTap(act="later", candidate_id=candidate_id)),
            tap("有疑问，找人", SignTap(act="person", candidate_id=candidate_id)),
        ),
    )


def sign_later(view: SigningView) -> Reply:
    """After 等会儿再签."""
    due = people_date(view.candidate.election.commitments_due_on)
    left = len(view.pack.commitments) - len(view.signed)
    return Reply(
        f"好。还差{left}份，最晚{due}签完。签过的都算数。",
        ((tap("接着签", SignTap(act="read", candidate_id=view.candidate.id)),),),
    )


def candidate_question() -> Reply:
    """After 有疑问，找人."""
    return Reply("您说，有什么疑问？打字发过来，我先答；答不了的转给镇换届办。")


# Officials


def notices_on() -> Reply:
    """After an official tied this chat to the desk's notices."""
    return Reply("好了，工作台有新事情会在这里提醒您。提醒里不写内容，请到工作台看。")


def notice_link_spent() -> Reply:
    """For a notice link that no longer works."""
    return Reply("这个链接用过了，或者过期了。请到工作台再生成一个。")


def notices_need_telegram() -> Reply:
    """For a notice link opened in the web chat."""
    return Reply("这个链接要在 Telegram 里打开。")


# Notices that leave through the outbox


def notice(code: str, data: dict[str, Any], now: datetime) -> Reply:
    """The words for a queued notice.

    Raises:
        KeyError: No words for the code; a test holds this against every code in use.
    """
    return _NOTICES[code](data, now)


def _case_notice(words: str) -> Callable[[dict[str, Any], datetime], Reply]:
    def say(data: dict[str, Any], _now: datetime) -> Reply:
        return Reply(
            words.format(**data),
            case_texts.status_rows(data["number"]),
        )

    return say


def _case_date_moved(data: dict[str, Any], _now: datetime) -> Reply:
    due, was = (people_date(date.fromisoformat(data[name])) for name in ("due_on", "was"))
    return Reply(
        f"您反映的 {data['number']}，最晚{due}告诉您受理了没有。\n原来说的是{was}，因为放假安排变了，日子重新算过。",
        ((tap("补充材料", CaseTap(act="add", number=data["number"])), tap(MINE, MenuTap(act="mine"))),),
    )


def _case_message(data: dict[str, Any], _now: datetime) -> Reply:
    return Reply(
        f"您反映的 {data['number']}（{data['place']}），有人给您回话：\n{data['text']}",
        (
            (
                tap("回复", CaseTap(act="reply", number=data["number"])),
                tap("看这一件", CaseTap(act="show", number=data["number"])),
            ),
        ),
    )


def _case_answered_above(data: dict[str, Any], _now: datetime) -> Reply:
    """No button to reply: what is written to the case is read by the unit that does not know of the question."""
    return Reply(
        f"您反映的 {data['number']}（{data['place']}），您问上级的事有回音了：\n{data['text']}",
        ((tap(MINE, MenuTap(act="mine")),),),
    )


def _inquiry_replied(data: dict[str, Any], _now: datetime) -> Reply:
    return Reply(f"您问过：{data['question']}\n\n值班的人回您：\n{data['reply']}", rows_of(menu_buttons(), 2))


def _inquiry_escalated(data: dict[str, Any], _now: datetime) -> Reply:
    due = people_date(date.fromisoformat(data["due_on"]))
    return Reply(
        f"您问过：{data['question']}\n\n这里的人也拿不准，已经去问上级了，最晚{due}在这里答复您。不用您再问一遍。"
    )


def _commitments_due(data: dict[str, Any], now: datetime) -> Reply:
    due, today = date.fromisoformat(data["due_on"]), local_date(now)
    late = reminder_texts.commitments_late(data)
    return Reply(
        f"您好，{late}承诺书{people_date(due)}截止，{days_left(due, today)}，您还有没签的。\n"
        "没签全就不能参选。两三分钟就能签完。",
        (
            (tap("现在签", SignTap(act="read", candidate_id=data["candidate"])),),
            (tap("有疑问，找人", SignTap(act="person", candidate_id=data["candidate"])),),
        ),
    )


_NOTICES: Final[dict[str, Callable[[dict[str, Any], datetime], Reply]]] = {
    "case_accepted": _case_notice("您反映的 {number} 已经受理，会有人去查。\n查的时候会保护您。有新情况随时发过来。"),
    "case_investigating": _case_notice("您反映的 {number} 正在调查。\n有新情况随时发过来。"),
    "case_reopened": _case_notice("您反映的 {number} 重新打开了，会接着查。"),
    "name_unverifiable": _case_notice(
        "您反映的 {number} 照常在办，一样会查。\n名字我们没能核实上，先当没留名的办。\n"
        "想让我们核实，在这里说一声什么时候好找您，或者来一趟。"
    ),
    "case_guided": _case_notice("您反映的 {number} 不归这里管，请这样做：\n{where}\n有新情况也可以在这里补充。"),
    "case_result": case_texts.result_told,
    "case_date_missed": case_texts.date_missed,
    "report_filed": case_texts.report_filed,
    "large_file_arrived": evidence_texts.large_file_arrived,
    "case_message": _case_message,
    "case_answered_above": _case_answered_above,
    "case_date_moved": _case_date_moved,
    "inquiry_replied": _inquiry_replied,
    "inquiry_escalated": _inquiry_escalated,
    "commitments_due": _commitments_due,
    "election_reminders": reminder_texts.election_reminders,
    "broadcast": reminder_texts.broadcast,
    "desk_item_waiting": lambda _data, _now: Reply("您有一条新消息，请打开工作台查看。"),
}
NOTICE_CODES: Final = frozenset(_NOTICES)
