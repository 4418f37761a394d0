"""What a deployment knows of itself: whose key it was made with, and whether it is a demo."""

from collections.abc import Iterable

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.engine import Database
from storage.errors import KeyFileProblem
from storage.tables.officials import official, place
from storage.tables.records import deployment
from storage.unit_of_work import Storage

KEY: str = "key_fingerprint"
DEMO: str = "demo"
#: A row for each generation of keys that something is sealed under.
GENERATION: str = "key/"
IN_USE: str = "in use"
RETIRED: str = "retired"


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
    """Tie the database to the key file at first use, and refuse another or an older one ever after.

    Raises:
        KeyFileProblem: The database was made with another key, or a generation of it is missing from the file.
    """
    known = await _values(storage)
    if known.get(KEY, storage.keys.fingerprint) != storage.keys.fingerprint:
        raise KeyFileProblem(
            "The key file is not the one this database was made with",
            "Point QINGFENG_KEY_FILE at the right file, or restore it from its backup",
        )
    ours = {f"{GENERATION}{one}" for one in storage.keys.generation_ids}
    in_use = {name for name, value in known.items() if name.startswith(GENERATION) and value == IN_USE}
    if in_use - ours:
        raise KeyFileProblem(
            "The key file is older than the database and lacks keys that are in use",
            "Restore the newest backup of the key file",
        )
    if KEY not in known:
        await put(storage, KEY, storage.keys.fingerprint)
    for name in sorted(ours - set(known)):
        await put(storage, name, IN_USE)


async def forget_generations(storage: Storage, retired: Iterable[str]) -> None:
    """Note that generations of the key are not in use any more, in the database and in the event log."""
    async with storage.unit_of_work() as uow:
        for one in retired:
            where = deployment.c.name == f"{GENERATION}{one}"
            await uow.execute(update(deployment).where(where).values(value=RETIRED))
            await uow.log.record(actor="system", act="key_retired", subject=f"key/{one}")
        await uow.commit()


async def _values(storage: Storage) -> dict[str, str]:
    async with storage.unit_of_work() as uow:
        return {row.name: row.value for row in await uow.read(select(deployment.c.name, deployment.c.value))}
