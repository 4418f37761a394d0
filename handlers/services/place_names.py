"""A place as people type it, found among those of the deployment.

What a newcomer gets wrong: two villages may share a name, and 柳树 is part of both 柳树村 and 大柳树村. So the answer
is a list; the caller takes the one, or shows them as buttons.
"""

import re
from collections.abc import Iterable
from typing import Final

from storage.repositories.places import Place

#: Where elections are held, and so where somebody can be at home.
ELECTING: Final = ("village", "community")
_TAIL: Final = re.compile(r"(村委会|居委会|社区|村)$")


def short_name(words: str) -> str:
    """A name without what says that it is a village or a community: 柳树村 -> 柳树."""
    return _TAIL.sub("", words)


def matching(words: str, known: Iterable[Place]) -> list[Place]:
    """The places a typed name can mean; an exact name means nothing else."""
    listed = list(known)
    wanted = short_name(words)
    return [place for place in listed if words == place.name] or [
        place for place in listed if wanted and (wanted in place.name or place.name in words)
    ]
