"""What a deployment knows of itself: whose key it was made with, and whether it is a demo."""

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.engine import Database
from storage.errors import KeyFileProblem
from storage.tables.officials import official, place
from storage.tables.records import deployment
from storage.unit_of_work import Storage

KEY: str = "key_fingerprint"
DEMO: str = "demo"


async def get(storage: Storage, name: str) -> str | None:
    """A value of this deployment."""
    async with storage.unit_of_work() as uow:
        rows = await uow.read(select(deployment.c.value).where(deployment.c.name == name))
        return rows[0].value if rows else None


async def put(storage: Storage, name: str, value: str) -> None:
    """Set a value that is not set yet."""
    insert = sqlite.insert if storage.database.is_sqlite else postgresql.insert
    async with storage.unit_of_work() as uow:
        await uow.execute(insert(deployment).values(name=name, value=value).on_conflict_do_nothing())
        await uow.commit()


async def was_bound(database: Database) -> bool:
    """Whether a key was ever used with this database."""
    async with database.reading() as connection:
        known = select(func.count()).select_from(deployment).where(deployment.c.name == KEY)
        return bool((await connection.execute(known)).scalar_one())


async def is_empty(storage: Storage) -> bool:
    """Whether nobody has put a place or an official in."""
    async with storage.unit_of_work() as uow:
        places = (await uow.read(select(func.count()).select_from(place)))[0][0]
        officials = (await uow.read(select(func.count()).select_from(official)))[0][0]
        return not places and not officials


async def bind_key(storage: Storage) -> None:
    """Tie the database to the key file at first use, and refuse another one ever after.

    Raises:
        KeyFileProblem: The database was made with another key.
    """
    known = await get(storage, KEY)
    if known is None:
        await put(storage, KEY, storage.keys.fingerprint)
    elif known != storage.keys.fingerprint:
        raise KeyFileProblem(
            "The key file is not the one this database was made with",
            "Point QINGFENG_KEY_FILE at the right file, or restore it from its backup",
        )
