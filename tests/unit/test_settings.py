"""Settings: defaults that work on one machine, one clear line when a variable is wrong, secrets that do not show."""

from pathlib import Path

import pytest

from bot.settings import PREFIX, Settings, read_settings


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the surroundings and no .env of the working folder."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_defaults_need_no_account_no_token_and_no_server() -> None:
    found = read_settings()
    assert found.database_url.startswith("sqlite:///")
    assert found.files_url.startswith("file://")
    assert (found.host, found.port, found.public_url) == ("127.0.0.1", 8080, "http://127.0.0.1:8080")
    assert (found.telegram_token, found.officials_telegram_token, found.owner_database_url) == (None, None, None)


def test_every_setting_is_an_environment_variable_with_our_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QINGFENG_PORT", "9090")
    monkeypatch.setenv("QINGFENG_KEY_FILE", "/keys/one")
    monkeypatch.setenv("PORT", "1")
    found = read_settings()
    assert (found.port, found.key_file) == (9090, Path("/keys/one"))


def test_an_env_file_of_the_working_folder_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = ("QINGFENG_PORT=7000", "QINGFENG_JURISDICTION=cn/zhejiang", "OTHER=1")  # pragma: allowlist secret
    (tmp_path / ".env").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    monkeypatch.setenv("QINGFENG_PORT", "7001")
    found = read_settings()
    assert (found.port, found.jurisdiction) == (7001, "cn/zhejiang")


@pytest.mark.parametrize("port", ["0", "-1", "65536", "eighty", ""])
def test_a_wrong_port_is_one_line_that_names_the_variable(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("QINGFENG_PORT", port)
    with pytest.raises(ValueError, match=r"^QINGFENG_PORT: ") as refused:
        read_settings()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("base", "shown"),
    [("https://chat.example.org/", "https://chat.example.org"), ("https://a.example/x//", "https://a.example/x")],
)
def test_a_public_address_carries_no_slash_at_its_end(monkeypatch: pytest.MonkeyPatch, base: str, shown: str) -> None:
    monkeypatch.setenv("QINGFENG_BASE_URL", base)
    assert read_settings().public_url == shown


def test_the_public_address_follows_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QINGFENG_PORT", "8123")
    assert read_settings().public_url == "http://127.0.0.1:8123"


@pytest.mark.parametrize("name", ["TELEGRAM_TOKEN", "OFFICIALS_TELEGRAM_TOKEN"])
def test_a_token_never_shows_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"QINGFENG_{name}", "4242:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    found = read_settings()
    assert "AAAA" not in f"{found!r} {found} {found.model_dump_json()}"
    assert getattr(found, name.lower()).get_secret_value().startswith("4242:")
