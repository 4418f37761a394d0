"""Reading a name and a contact from what somebody types, and sealing them at once to those who may open them.

What a newcomer gets wrong: nothing here is kept in clear. A draft holds the sealed parts of each custodian and a
masked form to show.
"""

import base64
import re
import unicodedata
from typing import Any, Final

from handlers.services.report_view import Problem
from storage.repositories.identities import seal_for

MOBILE: Final = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_LANDLINE: Final = re.compile(r"(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)")
_DIGITS: Final = re.compile(r"\d(?:[\d\- ]*\d)?")
_NOISE: Final = re.compile(
    r"(我的?名字是?|我姓名是?|姓名|名字|我叫|我是|叫|电话号码|手机号码?|联系电话|电话|手机|号码|[是为:：,，。.、;；\s\-])"
)
_NAME: Final = re.compile(r"[\u3400-\u9fff·]{2,20}|[A-Za-z][A-Za-z .·]{1,39}")
_SHORTEST_PHONE: Final = 8
Sealed = dict[int, tuple[bytes, bytes]]


def take(words: str, identity: dict[str, Any], keys: dict[int, bytes]) -> tuple[dict[str, Any], Problem | None, str]:
    """What is known of a name after one more message: complete once it holds `sealed`.

    Args:
        words: The message.
        identity: What was known before.
        keys: The custodians' public keys.

    Returns:
        What is known now, what is wrong or still missing, and a detail of it.
    """
    known = {field: value for field, value in identity.items() if field != "anonymous"}
    name, contact, problem, detail = _read(words, known)
    if name:
        known["name_sealed"] = _packed(seal_for(keys, name, ""))
        known["name_shown"] = f"{name[0]}{'*' * (len(name) - 1)}"
    if contact:
        known["contact_sealed"] = _packed(seal_for(keys, "", contact))
        known["contact_shown"] = masked(contact)
    if "name_sealed" in known and "contact_sealed" in known:
        return _completed(known), None, ""
    missing = Problem.PHONE_MISSING if "name_sealed" in known else Problem.NAME_MISSING
    return known, problem or missing, detail


def sealed_of(identity: dict[str, Any]) -> Sealed:
    """A complete name and contact as the case keeps it; empty for none."""
    packed: dict[str, list[str]] = identity.get("sealed", {})
    return {int(who): (base64.b64decode(parts[0]), base64.b64decode(parts[1])) for who, parts in packed.items()}


def is_wrong_phone(contact: str) -> bool:
    """Whether a contact is meant as a phone number and is none; another kind of contact is right as it is."""
    packed = re.sub(r"(?<=\d)[\s\-]+(?=\d)", "", unicodedata.normalize("NFKC", contact))
    is_phone = bool(MOBILE.search(packed) or _LANDLINE.search(packed))
    return not is_phone and not _NOISE.sub("", _DIGITS.sub("", packed))


def masked(contact: str) -> str:
    """A contact as its owner recognises it and nobody else."""
    return f"{contact[:3]}****{contact[-4:]}" if len(contact) >= _SHORTEST_PHONE else f"{contact[:1]}****"


def without_numbers(words: str) -> str:
    """A text with its mobile numbers masked: an account is read by more people than a name."""
    return MOBILE.sub(lambda number: masked(number.group()), words)


def _read(words: str, identity: dict[str, Any]) -> tuple[str, str, Problem | None, str]:
    """Name, contact, problem and its detail, from one message; either part may be missing."""
    text = unicodedata.normalize("NFKC", words)
    packed = re.sub(r"(?<=\d)[\s\-]+(?=\d)", "", text)
    phone = MOBILE.search(packed) or _LANDLINE.search(packed)
    rest = _NOISE.sub(" ", _DIGITS.sub(" ", packed)).strip()
    if identity.get("other_contact"):
        if "name_sealed" in identity:
            return "", text.strip()[:60], None, ""
        name, _, contact = text.strip().partition(" ")
        return name[:20], contact.strip()[:60], None, ""
    found = _NAME.search(rest)
    name = found.group().strip() if found else ""
    if phone:
        return name, phone.group(), None, ""
    digits = re.sub(r"\D", "", packed)
    if digits:
        return name, "", Problem.PHONE_WRONG, str(len(digits))
    return name, "", None, ""


def _packed(sealed: Sealed) -> dict[str, list[str]]:
    return {str(who): [base64.b64encode(part).decode() for part in parts] for who, parts in sealed.items()}


def _completed(identity: dict[str, Any]) -> dict[str, Any]:
    names, contacts = identity["name_sealed"], identity["contact_sealed"]
    sealed = {who: [names[who][0], contacts[who][1]] for who in names if who in contacts}
    shown = f"{identity['name_shown']} {identity['contact_shown']}"
    return {**identity, "sealed": sealed, "shown": shown}
