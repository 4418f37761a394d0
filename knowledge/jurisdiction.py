"""Where a rule is made: paths such as `cn`, `cn/zhejiang`, `cn/zhejiang/wenzhou`.

What a newcomer gets wrong: a rule that is missing for a place is looked up one level *above* it, never in a
neighbouring place, and never at another date.
"""

from collections.abc import Iterator

NATION = "cn"


def lineage(jurisdiction: str) -> Iterator[str]:
    """The place itself, then each place above it, up to the nation.

    >>> list(lineage("cn/zhejiang/wenzhou"))
    ['cn/zhejiang/wenzhou', 'cn/zhejiang', 'cn']
    """
    parts = jurisdiction.strip("/").split("/")
    for length in range(len(parts), 0, -1):
        yield "/".join(parts[:length])


def province_of(jurisdiction: str) -> str | None:
    """The province of a place (`cn/zhejiang`), or None for the nation as a whole."""
    parts = jurisdiction.strip("/").split("/")
    return "/".join(parts[:2]) if len(parts) > 1 else None
