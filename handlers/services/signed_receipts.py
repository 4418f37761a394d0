"""Giving out signed receipts, and what a holder may do with one.

A receipt is made in the transaction that files a report, and again when evidence comes: the newest covers all of it.
What a newcomer gets wrong: a receipt is no key. It opens no page of the case for its holder; the receipt code does.
"""

import secrets
from typing import Final

from storage import signed_receipt
from storage.signed_receipt import Looked
from storage.unit_of_work import UnitOfWork

_TOKEN_BYTES: Final = 15  # 24 readable signs
#: Longer than any receipt a person holds; what is longer is not looked at.
LONGEST: Final = 64_000


async def issue(uow: UnitOfWork, case_id: int) -> str:
    """A new receipt over everything the reporter of a case has handed in so far; the caller commits."""
    await uow.begin()
    case = await uow.cases.by_id(case_id)
    if case is None:
        raise LookupError(case_id)
    await uow.receipts.publish_key()
    files = [one.sha256 for one in await uow.files.of_case(case_id) if one.origin == "reporter"]
    token = secrets.token_hex(_TOKEN_BYTES)
    text = signed_receipt.sign(
        uow.keys.signer,
        token=token,
        received_at=case.received_at,
        signed_at=uow.clock.now(),
        files=tuple(files),
        rule_version=case.rule_version,
    )
    uow.receipts.keep(case_id, token, text)
    return text


async def look(uow: UnitOfWork, text: str) -> Looked:
    """Whether a text is a receipt of this deployment, whichever of its keys signed it."""
    return signed_receipt.verify(text[:LONGEST], await uow.receipts.public_keys())
