"""`make bench`: prints one JSON object; every figure worth comparing is a ratio of one run."""

import asyncio
import json

from tests.benchmarks import audit, broadcasts, cases, conversations, elections, push, retrieval, signing_in


async def measure() -> dict[str, float]:
    return {
        **retrieval.accuracy(),
        **retrieval.latency(),
        **retrieval.at_scale(),
        **await conversations.questions(),
        **await conversations.tip_steps(),
        **await push.measure(),
        **await broadcasts.measure(),
        **await cases.measure(),
        **await elections.measure(),
        **await audit.measure(),
        **await signing_in.measure(),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure())))  # noqa: T201
