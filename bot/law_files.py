"""A law's file as it was downloaded (Word, Markdown, plain text), read into words.

What a newcomer gets wrong: a file's ending may lie. What Word wrote before 2007 begins with other bytes than a .docx,
whatever it is called, and cannot be read here.
"""

import io
import zipfile
from pathlib import Path
from typing import Final

from knowledge.law_texts import LawFile, decode
from knowledge.rules.against_texts import LawTextRefused

#: What may be in a folder of texts; anything else there is passed over.
ENDINGS: Final = (".docx", ".md", ".markdown", ".txt")
LARGEST_BYTES: Final = 20 * 1024 * 1024
_LARGEST_UNPACKED: Final = 200 * 1024 * 1024
_OLD_WORD: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP: Final = b"PK\x03\x04"
_PDF: Final = b"%PDF"
_RICH_TEXT: Final = b"{\\rtf"
_SAVE_AS: Final = "Open it in Word or WPS, choose “save as” (另存为), and save it as .docx or as plain text in UTF-8"


def read_law_file(path: Path) -> LawFile:
    """A file's name, hash and words.

    Raises:
        LawTextRefused: It cannot be read, or is of a kind we do not read.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise LawTextRefused(path.name, "it is larger than 20 MB", "A law's text is not; choose the right file")
        data = path.read_bytes()
    except OSError as error:
        fault = f"it cannot be read ({error.strerror or type(error).__name__})"
        raise LawTextRefused(path.name, fault, "Check the path") from error
    return LawFile.of(path.name, data, _words(path.name, data))


def _words(name: str, data: bytes) -> str:
    if data.startswith(_OLD_WORD) or (name.lower().endswith((".doc", ".wps")) and not data.startswith(_ZIP)):
        raise LawTextRefused(name, "it is in Word's old format (.doc)", _SAVE_AS)
    if data.startswith(_ZIP):
        return _words_of_word(name, data)
    if data.startswith((_PDF, _RICH_TEXT)):
        raise LawTextRefused(name, "it is neither .docx nor plain text", _SAVE_AS)
    text = decode(data)
    if text is None:
        raise LawTextRefused(name, "it is no text in UTF-8 or GB18030", _SAVE_AS)
    return text


def _words_of_word(name: str, data: bytes) -> str:
    """Every paragraph of the body, also those in tables and in the fields of a table of contents."""
    from docx import Document  # noqa: PLC0415 - lxml takes a tenth of a second
    from docx.oxml.ns import qn  # noqa: PLC0415
    from docx.text.paragraph import Paragraph  # noqa: PLC0415

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
    except zipfile.BadZipFile as error:
        raise LawTextRefused(name, "it is a damaged Word file", _SAVE_AS) from error
    if unpacked > _LARGEST_UNPACKED:
        raise LawTextRefused(name, "it unpacks to more than 200 MB", "A law's text does not; choose the right file")
    try:
        document = Document(io.BytesIO(data))
        paragraphs = document.element.body.iter(qn("w:p"))
        return "\n".join(Paragraph(paragraph, document).text for paragraph in paragraphs)
    except Exception as error:
        raise LawTextRefused(name, f"it is no Word file ({type(error).__name__})", _SAVE_AS) from error
