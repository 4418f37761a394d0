"""What a sign-in costs at the Argon2id of a deployment, and what judging a new password does: processor time in ms.

Processor time, because a machine that is shared would tell of its neighbours.
"""

import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Final

from handlers.services.passwords import Hashing, score

_TIMES: Final = 5
_PASSWORDS: Final = ("correct horse battery", "铁锅 水车 三月 斑鸠 借伞", "Kx7#mQ2vLp9z", "4@8({[</369&#!1/|0$5+7%2")


async def measure() -> dict[str, float]:
    hashing = Hashing()
    hashed = await hashing.hash(_PASSWORDS[0])
    score(_PASSWORDS[0])  # reads the word lists
    return {
        "sign_in_argon2id_ms": await _cost(lambda: hashing.matches(hashed, _PASSWORDS[0])),
        "sign_in_unknown_name_ms": await _cost(lambda: hashing.matches(None, _PASSWORDS[0])),
        "four_passwords_judged_ms": await _cost(_judge_all),
    }


async def _judge_all() -> None:
    for password in _PASSWORDS:
        score(password)


async def _cost(act: Callable[[], Awaitable[object]]) -> float:
    costs = []
    for _ in range(_TIMES):
        began = time.process_time()
        await act()
        costs.append((time.process_time() - began) * 1000)
    return round(statistics.median(costs), 1)
