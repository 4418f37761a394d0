"""`python -m tests.fuzz`: many inputs, in portions of one seed each; begun again, it goes on where it stopped.

Each portion's outcome is a line of the file named by `--log`. Several may run at once on different `--first`.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from bot.logging import connect_structlog
from tests import databases
from tests.fuzz.run import run

PORTION = 4_000


def main() -> int:
    """Exit 1 when anything crashed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--log", type=Path, default=Path("var/fuzz.jsonl"))
    given = parser.parse_args()
    connect_structlog()
    given.log.parent.mkdir(parents=True, exist_ok=True)
    done = (
        {one["seed"]: one for one in map(json.loads, given.log.read_text().splitlines())} if given.log.exists() else {}
    )
    seeds = range(given.first, given.first + -(-given.count // PORTION))
    with tempfile.TemporaryDirectory() as scratch:
        template = databases.make_sqlite_template(Path(scratch))
        for seed in (one for one in seeds if one not in done):
            began, folder = time.monotonic(), Path(scratch) / str(seed)
            outcome = asyncio.run(run(folder, template, seed, PORTION))
            shutil.rmtree(folder)
            seconds = round(time.monotonic() - began, 1)
            line = {"seed": seed, "inputs": outcome.inputs, "seconds": seconds, "kinds": outcome.kinds}
            done[seed] = {**line, "crashes": outcome.crashes}
            with given.log.open("a", encoding="utf-8") as log:
                log.write(json.dumps(done[seed], ensure_ascii=False) + "\n")
    inputs = sum(one["inputs"] for one in done.values())
    crashes = [crash for one in done.values() for crash in one["crashes"]]
    print(f"{inputs} inputs, {len(crashes)} crashes", *crashes[:20], sep="\n")
    return 1 if crashes else 0


if __name__ == "__main__":
    sys.exit(main())
