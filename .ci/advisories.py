"""pip-audit over the pinned lists: fails on a known vulnerability, and says plainly what could not be asked about.

Without a way to the advisory service nothing is audited, and the check goes on: a build has to work without the
internet. Reached and finding something, it fails; reached and not knowing a package, it counts that package.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

LISTS = ("requirements/runtime.txt", "requirements/development.txt")
SECONDS = 180
AWAY = ("Connection", "Max retries", "resolve", "Timeout", "timed out")  # how pip-audit says that nobody answers


def main() -> int:
    """Exit 1 when an advisory concerns a pinned version, or pip-audit fails for a reason of its own."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner", "off"]
        command += ["--format", "json", "--output", str(found)]
        try:
            done = subprocess.run(  # noqa: S603 - our own arguments
                [*command, *(part for name in LISTS for part in ("-r", name))],
                check=False,
                capture_output=True,
                text=True,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            return _says(f"pip-audit: no answer within {SECONDS} s. NOTHING WAS AUDITED.", 0)
        packages: list[dict[str, Any]] = json.loads(found.read_text())["dependencies"] if found.exists() else []
    if not packages:
        reached = not any(sign in done.stderr for sign in AWAY)
        what = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no output"
        if reached:
            return _says(f"pip-audit failed: {what}", 1)
        return _says("pip-audit: the advisory service was not reached. NOTHING WAS AUDITED.", 0)
    unknown = [one["name"] for one in packages if "skip_reason" in one]
    bad = [(one["name"], one["version"], vuln["id"]) for one in packages for vuln in one.get("vulns", ())]
    if len(unknown) == len(packages):
        return _says(f"pip-audit: the service knows none of {len(packages)} packages. NOTHING WAS AUDITED.", 0)
    for name, version, advisory in bad:
        _says(f"pip-audit: {name} {version} has {advisory}", 1)
    known = len(packages) - len(unknown)
    left_out = f"; not known to the service: {', '.join(unknown)}" if unknown else ""
    return _says(f"pip-audit: {known} packages, {len(bad)} advisories{left_out}", 1 if bad else 0)


def _says(line: str, code: int) -> int:
    print(line)  # noqa: T201 - a check prints
    return code


if __name__ == "__main__":
    sys.exit(main())
