"""Logs for the people who run a deployment: one line an event, and nothing that anybody typed.

Denied by default, for two kinds of lines:

* Ours (structlog): the event is a name of its own, and only the values listed in `SHOWN` pass, each in its form.
* A library's: its words only where they are a literal of the code that logged them; arguments only where they are
  small numbers. What a library has already mixed into a sentence is withheld.

Of an error stand its class, a code of the database or system, and where it happened: never its message, never locals.
A newcomer's mistake: trusting a pattern for phone numbers. A name has no pattern.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from types import FrameType, TracebackType
from typing import Any, Final

import structlog
from structlog.typing import EventDict, WrappedLogger

WITHHELD: Final = "[withheld]"
_WORD: Final = re.compile(r"[a-z][a-z_]{0,39}")
_EVENT: Final = re.compile(r"[a-z][a-z_]{2,59}")
#: What a line of ours may carry: a whole number, the class of an error, or a text of one form. Ids are ours, random or
#: counted; none is a person's.
SHOWN: Final[Mapping[str, type | re.Pattern[str]]] = {
    "attempt": int,
    "channel": _WORD,
    "count": int,
    "draft": int,
    "entries": int,
    "error": type,
    "file": re.compile("[0-9a-f]{32}"),  # a random name
    "id": int,
    "method": re.compile("GET|HEAD|POST|OPTIONS"),
    "milliseconds": int,
    "name": _WORD,
    "number": int,
    "publication": int,
    "reference": re.compile(r"[0-9A-F]{6}|QF-E-[2-9A-Z]{6}"),
    "route": re.compile(r"error page|(/[a-z_-]*|/\{[a-z_]+(:path)?\})+"),  # the pattern, never the address
    "update": int,
}
_LARGEST: Final = 99_999  # a longer number in a library's line may be somebody's
_FRAMES: Final = 25
_QUIET: Final = (
    "aiogram.event",
    "apscheduler",
    "httpx",
    "httpcore",
    "uvicorn.access",
    "uvicorn.error",
    "sqlalchemy.engine",
)


def set_up_logging(level: str) -> None:
    """Log to standard error, ours and the libraries' through the same gate."""
    connect_structlog()
    handler = logging.StreamHandler()
    handler.setFormatter(SafeFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.raiseExceptions = False  # a wrong format string would print its arguments
    logging.captureWarnings(capture=True)
    sys.excepthook = _crashed
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def connect_structlog() -> None:
    """Let structlog's loggers end in the standard library's, whose handlers decide where lines go."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            allow_listed,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


class SafeFormatter(structlog.stdlib.ProcessorFormatter):
    """The last gate: whatever comes to it, a line it lets out is safe."""

    def __init__(self) -> None:
        super().__init__(
            foreign_pre_chain=[from_library],
            processors=[
                _with_origin,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.LogfmtRenderer(key_order=["at", "level", "logger", "event"]),
            ],
            use_get_message=False,
            pass_foreign_args=True,
        )


def allow_listed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What remains of one of our own lines."""
    named = str(event.pop("event", ""))
    error = _error_of(event.pop("exc_info", None))
    shown: EventDict = {"event": named if _EVENT.fullmatch(named) else WITHHELD}
    dropped = 0
    for key, value in event.items():
        if _may_show(SHOWN.get(key), value):
            shown[key] = value.__name__ if isinstance(value, type) else value
        else:
            dropped += 1
    if dropped:
        shown["dropped"] = dropped
    return {**shown, **_described(error)}


def _may_show(form: type | re.Pattern[str] | None, value: object) -> bool:
    if isinstance(form, re.Pattern):
        return isinstance(value, str) and form.fullmatch(value) is not None
    if form is type:
        return isinstance(value, type) and issubclass(value, BaseException)
    return form is int and isinstance(value, int)


def from_library(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What remains of a line somebody else's code wrote."""
    record: logging.LogRecord = event["_record"]
    template = event.pop("event")
    arguments = event.pop("positional_args", ())
    error = _error_of(event.pop("exc_info", None))
    meta = {"_record": record, "_from_structlog": False}
    said = WITHHELD
    if template in _literals(record.pathname, record.funcName):
        said = _filled(str(template), arguments)
    return {"event": said, "where": f"{_short(record.pathname)}:{record.lineno}", **_described(error), **meta}


def _with_origin(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    record: logging.LogRecord = event["_record"]
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    logger = record.name if re.fullmatch(r"[\w.]{1,80}", record.name, re.ASCII) else WITHHELD
    return {"at": at, "level": record.levelname.lower(), "logger": logger, **event}


def _literals(filename: str, function: str | None) -> Sequence[object]:
    """The constants of the function that is logging right now; nothing when it is not to be found."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - the only way to tell a literal from a built sentence
    while frame is not None:
        if frame.f_code.co_filename == filename and frame.f_code.co_name == function:
            return frame.f_code.co_consts
        frame = frame.f_back
    return ()


def _filled(template: str, arguments: Any) -> str:
    if not arguments:
        return template
    shown = tuple(_safe(one) for one in arguments) if isinstance(arguments, tuple) else ()
    try:
        return template % shown
    except (TypeError, ValueError):  # a figure was wanted where a word is withheld
        return template


def _safe(value: object) -> object:
    is_small = isinstance(value, (int, float)) and abs(value) <= _LARGEST and float(value).is_integer()
    return value if value is None or is_small else WITHHELD


def _error_of(given: Any) -> BaseException | None:
    if given is True:
        return sys.exc_info()[1]
    if isinstance(given, tuple):
        return given[1] if len(given) > 1 and isinstance(given[1], BaseException) else None
    return given if isinstance(given, BaseException) else None


def _described(error: BaseException | None) -> dict[str, str]:
    """An error without what it says: classes and codes along its chain, and where the first of them came from."""
    if error is None:
        return {}
    chain = [_called(one) for one in _chain(error)]
    return {"error": " < ".join(chain), "trace": " < ".join(_frames(error.__traceback__))}


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen and len(seen) < _FRAMES:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _called(error: BaseException) -> str:
    codes = (getattr(error, name, None) for name in ("sqlite_errorname", "sqlstate", "errno", "code"))
    code = next((str(code) for code in codes if isinstance(code, (int, str))), "")
    return f"{type(error).__name__}({code})" if re.fullmatch(r"[A-Za-z_0-9]{1,40}", code) else type(error).__name__


def _frames(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return [f"{_short(frame.filename)}:{frame.lineno}:{frame.name}" for frame in reversed(frames)]


def _short(path: str) -> str:
    """The end of a path: enough to find the file, nothing of whose machine it is."""
    return "/".join(PurePath(path).parts[-3:])


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("qingfeng").critical("crashed", exc_info=(kind, error, trace))
