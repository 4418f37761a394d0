"""Settings: environment variables with the prefix QINGFENG_, or a `.env` file in the working folder."""

from datetime import time
from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from storage.blobs import S3Access

PREFIX: Final = "QINGFENG_"


class Settings(BaseSettings):
    """What a deployment can set; every default works on one machine without an account anywhere."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore")

    database_url: str = "sqlite:///var/qingfeng.db"
    owner_database_url: str | None = None  # PostgreSQL: the role that owns the tables, for `migrate` only
    files_url: str = "file://var/files"
    s3_endpoint: str = ""  # for s3:// files: empty means Amazon's own
    s3_region: str = ""
    s3_access_key_id: str = ""
    s3_secret_access_key: SecretStr | None = None
    clamav: str = ""  # unix:/path or tcp:host:port of a clamd; empty: files are not scanned
    key_file: Path = Path("var/qingfeng.key")
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65_535)
    base_url: str | None = None  # how people reach us; default http://127.0.0.1:PORT
    jurisdiction: str = "cn"
    telegram_token: SecretStr | None = None
    telegram_api: str | None = None
    officials_telegram_token: SecretStr | None = None
    notices_at: time | None = None  # officials' notices leave once a day, at this time in Shanghai; None: at once
    body: str = ""  # the body that runs this, named in the privacy notice
    entrance_limit: int = Field(default=120, ge=1)  # new browsers a minute before one has to work or wait
    entrance_bits: int = Field(default=17, ge=1, le=24)  # how hard that work is; each bit doubles it
    contact: str = ""  # a sentence with a phone number, for people whose browser cannot chat
    log_level: str = "INFO"
    log_witness: str | None = None  # where signed heads of the event log are sent: https://... or file:///...

    @property
    def s3(self) -> S3Access:
        """How a bucket of files is reached."""
        secret = self.s3_secret_access_key.get_secret_value() if self.s3_secret_access_key else ""
        return S3Access(self.s3_endpoint, self.s3_region, self.s3_access_key_id, secret)

    @property
    def public_url(self) -> str:
        """The address in links, without a slash at the end."""
        return (self.base_url or f"http://127.0.0.1:{self.port}").rstrip("/")


def read_settings() -> Settings:
    """The settings in force.

    Raises:
        ValueError: A variable is wrong; the text is one line that names it.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"{PREFIX}{'_'.join(str(part) for part in first['loc']).upper()}"
        raise ValueError(f"{name}: {first['msg']}") from error
