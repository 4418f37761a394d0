"""The server in a process of its own: prints its address, serves until standard input ends.

For benchmarks and for trying a bot by hand: `python -m tests.bot_api --token 1:test --people 1000`.
"""

import argparse
import asyncio
import sys

from tests.bot_api import BotApiServer


async def _serve(token: str, people: int, latency_seconds: float) -> None:
    async with BotApiServer(latency_seconds=latency_seconds) as api:
        api.add_bot(token)
        for user_id in range(1, people + 1):
            api.user(user_id)
        print(api.base_url, flush=True)  # noqa: T201 - the address is what the parent process reads
        await asyncio.to_thread(sys.stdin.read)


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--token", required=True)
    parser.add_argument("--people", type=int, default=1, help="private chats with the ids 1 to N")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    chosen = parser.parse_args()
    asyncio.run(_serve(chosen.token, chosen.people, chosen.latency_ms / 1000))


if __name__ == "__main__":
    _main()
