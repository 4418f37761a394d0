"""What the chat says of reminders, subscriptions and broadcasts. The reminders' own words are content."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from handlers.chat.keyboards import MenuTap, SignTap, SubscribeTap
from handlers.chat.reply import Button, Reply, rows_of, tap
from handlers.chat.wording import ASK, REPORT, days_left, menu_buttons, people_date
from knowledge.casework.clocks import Audience
from knowledge.clock import local_date
from knowledge.elections.reminders import Phase, Role, filled, load_reminders

SUBSCRIBE: Final = "提醒我选举的日子"
UNSUBSCRIBE: Final = "不再提醒"
_PLACES_SHOWN: Final = 5
_ITEMS_SHOWN: Final = 12


def subscribe_button(place_id: int) -> Button:
    """Hear of a village's election from now on."""
    return tap(SUBSCRIBE, SubscribeTap(act="on", place_id=place_id))


def unsubscribe_row(place_id: int) -> tuple[Button, ...]:
    """The way out that stands under every message to a subscriber."""
    return (tap(UNSUBSCRIBE, SubscribeTap(act="off", place_id=place_id)),)


def subscribed(place_name: str, place_id: int, *, before: bool) -> Reply:
    """After 订阅提醒."""
    first = f"{place_name}的提醒您已经订过了。" if before else f"✅ 好，{place_name}选举的日子快到了，会在这里提醒您。"
    return Reply(
        f"{first}\n只在早上8点到晚上8点发。不想要了，点一下“{UNSUBSCRIBE}”就停。",
        (unsubscribe_row(place_id), (tap(ASK, MenuTap(act="ask")),)),
    )


def unsubscribed(places: Sequence[str], place_id: int = 0) -> Reply:
    """After 不再提醒."""
    if not places:
        return Reply("您没有订提醒，不会再发。", rows_of(menu_buttons(), 2))
    again = ((tap("再订上", SubscribeTap(act="on", place_id=place_id)),),) if place_id else ()
    return Reply(f"好，不再提醒您{'、'.join(places)}选举的日子了。想再要，发“订阅提醒”。", again)


def election_reminders(data: Mapping[str, Any], now: datetime) -> Reply:
    """One message of all that is due for somebody at one time."""
    items: list[dict[str, Any]] = data["items"]
    today = local_date(now)
    shown = items[:_ITEMS_SHOWN]
    said = [_item(one, today) for one in shown]
    if len(items) == 1:
        lines = said
    else:
        lines = [f"有{len(items)}件事提醒您：", *(f"{number}. {one}" for number, one in enumerate(said, 1))]
    if len(items) > len(shown):
        lines.append(f"还有{len(items) - len(shown)}件，请到工作台的“日程”里看。")
    sources = dict.fromkeys(source for one in shown for source in _sources(one))
    if sources:
        lines.append(f"依据：{'；'.join(sources)}")
    return Reply("\n".join(lines), tuple(_rows(shown)))


def commitments_late(data: Mapping[str, Any]) -> str:
    """The day a reminder was for, where it leaves later."""
    return _was_for(data.get("was_for") or ())


def broadcast(data: Mapping[str, Any], _now: datetime) -> Reply:
    """A notice to everybody subscribed in a place."""
    rows = ((tap(REPORT, MenuTap(act="report")), tap(ASK, MenuTap(act="ask"))), unsubscribe_row(data["place_id"]))
    return Reply(f"【{data['place']}选举通知】\n{data['body']}", rows)


def _item(one: Mapping[str, Any], today: date) -> str:
    late = _was_for(one["was_for"])
    day = date.fromisoformat(one["day"])
    if one["kind"] == "commitments":
        return f"{late}承诺书最晚{people_date(day)}签完，{days_left(day, today)}，您还有没签的。没签全就不能参选。"
    book = load_reminders()
    blanks = {"day": people_date(day), "left": days_left(day, today)}
    if one["kind"] == "deadline":
        words = book.deadlines[Audience(one["role"])][Phase(one["phase"])]
        return late + filled(words, {**blanks, "title": one["title"], "place": _places(one["places"])})
    stage = book.stage(one["stage"])
    words = stage.words.get(Role(one["role"]), "") if stage else ""
    election_day = people_date(date.fromisoformat(one["election_day"]))
    return late + filled(words, {**blanks, "title": "", "place": one["place"], "election_day": election_day})


def _was_for(days: Sequence[str]) -> str:
    if not days:
        return ""
    said = "、".join(people_date(date.fromisoformat(day)) for day in days)
    return f"（{said}就该提醒您，这里耽搁了）"


def _places(names: Sequence[str]) -> str:
    if len(names) <= _PLACES_SHOWN:
        return "、".join(names)
    return f"{'、'.join(names[:_PLACES_SHOWN])}等{len(names)}个村（社区）"


def _sources(one: Mapping[str, Any]) -> Sequence[str]:
    stage = load_reminders().stage(one["stage"]) if one["kind"] == "stage" else None
    if stage is None:
        return ()
    return [f"{cited.source}（{cited.version}）{cited.article}" for cited in stage.sources(one["place_kind"])]


def _rows(items: Sequence[Mapping[str, Any]]) -> Sequence[tuple[Button, ...]]:
    rows: list[tuple[Button, ...]] = []
    signs = [one for one in items if one["kind"] == "commitments"]
    if signs:
        rows.append((tap("现在签", SignTap(act="read", candidate_id=signs[0]["candidate"])),))
    villages = {one["place_id"]: one["place"] for one in items if one["role"] == Role.VILLAGERS}
    if villages:
        rows.append((tap(REPORT, MenuTap(act="report")), tap(ASK, MenuTap(act="ask"))))
    for place_id, name in villages.items():
        label = UNSUBSCRIBE if len(villages) == 1 else f"{UNSUBSCRIBE}{name}"
        rows.append((tap(label, SubscribeTap(act="off", place_id=place_id)),))
    return rows
