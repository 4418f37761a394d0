"""The scanner's protocol against a socket that speaks it: clean, found, too large, down. No answer is not "clean"."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.clamav import ClamAV, Scanned, ScannerDown
from tests.clamd import EICAR, daemon


async def bytes_of(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


@pytest.mark.parametrize("tcp", [False, True], ids=["unix", "tcp"])
async def test_what_is_found_is_named_and_what_is_clean_is_clean(tmp_path: Path, tcp: bool) -> None:
    async with daemon(tmp_path, tcp=tcp) as scanner:
        client = ClamAV(scanner.address)
        assert await client.scan(bytes_of(b"a photo")) == Scanned()
        assert await client.scan(bytes_of()) == Scanned()
        assert await client.scan(bytes_of(EICAR[:30], EICAR[30:])) == Scanned(found="Eicar-Test-Signature")
        assert await client.scan(bytes_of(bytes(700_000), EICAR)) == Scanned(found="Eicar-Test-Signature")
        assert scanner.asked == [7, 0, 68, 700_068]


async def test_a_file_beyond_the_scanners_limit_was_not_looked_at(tmp_path: Path) -> None:
    async with daemon(tmp_path) as scanner:
        scanner.most = 1_000
        assert await ClamAV(scanner.address).scan(bytes_of(bytes(5_000))) == Scanned(too_large=True)


async def test_a_scanner_that_is_down_or_silent_says_nothing_about_the_file(tmp_path: Path) -> None:
    with pytest.raises(ScannerDown):
        await ClamAV(f"unix:{tmp_path}/nobody").scan(bytes_of(b"x"))
    async with daemon(tmp_path) as scanner:
        scanner.silent = True
        with pytest.raises(ScannerDown):
            await ClamAV(scanner.address).scan(bytes_of(b"x"))


@pytest.mark.parametrize("address", ["", "clamd", "unix:", "tcp:host", "tcp::3310", "tcp:host:port", "http://host:1"])
def test_an_address_of_another_form_is_refused_by_the_name_of_the_setting(address: str) -> None:
    with pytest.raises(ValueError, match="QINGFENG_CLAMAV"):
        ClamAV(address)
