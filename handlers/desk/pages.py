"""Templates into HTML: everything is escaped, and a name that no page was given is an error, not a blank."""

from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from handlers.desk import dates

TEMPLATES: Final = Path(__file__).parent / "templates"


@cache
def environment() -> Environment:
    """The desk's templates."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(day=dates.day, short_day=dates.short_day, moment=dates.moment)
    return made


def render(template: str, **context: Any) -> str:
    """One page."""
    return environment().get_template(template).render(**context)
