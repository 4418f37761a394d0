"""Previews (P4): the original keeps what the camera wrote, the picture shown has none of it."""

import io
import struct
import zlib

import pytest
from PIL import Image

from handlers.services.previews import SIDE, encode

GPS, ORIENTATION, MAKE = 0x8825, 0x0112, 0x010F
SECRET = b"Redmi of old Zhao"


def photo(size: tuple[int, int] = (80, 40), kind: str = "JPEG", *, turned: int = 1, mode: str = "RGB") -> bytes:
    """A picture whose left half is red, with place, maker, comment and profile in it."""
    picture = Image.new(mode, size, "blue" if mode != "L" else 10)
    if mode != "L":
        picture.paste("red", (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKE] = turned, SECRET.decode()
    place = exif.get_ifd(GPS)
    place[1], place[2] = "N", (39.0, 54.0, 27.0)
    place[3], place[4] = "E", (116.0, 23.0, 17.0)
    written = io.BytesIO()
    more = {"comment": SECRET} if kind == "JPEG" else {}
    picture.save(written, kind, exif=exif.tobytes(), **more)
    return written.getvalue()


def opened(data: bytes | None) -> Image.Image:
    assert data is not None
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(("kind", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
def test_where_it_was_taken_is_in_the_original_and_not_in_the_preview(kind: str, media_type: str) -> None:
    original = photo(kind=kind)
    assert opened(original).getexif().get_ifd(GPS)[2] == (39.0, 54.0, 27.0)
    made = encode(original, media_type)
    assert dict(opened(made).getexif()) == {}
    assert opened(made).info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert made is not None
    assert SECRET in original
    assert SECRET not in made
    assert b"Exif" not in made


def test_a_phone_held_sideways_is_turned_upright_before_its_note_is_dropped() -> None:
    made = opened(encode(photo((80, 40), turned=6), "image/jpeg"))
    assert made.size == (40, 80)
    assert made.getpixel((20, 10))[0] > 200, "what was left is on top"  # type: ignore[index]


def test_a_large_picture_becomes_a_small_one() -> None:
    made = opened(encode(photo((4_000, 3_000)), "image/jpeg"))
    assert max(made.size) == SIDE


@pytest.mark.parametrize(
    ("mode", "kind"), [("RGBA", "PNG"), ("L", "PNG"), ("P", "GIF"), ("CMYK", "JPEG"), ("LA", "PNG")]
)
def test_every_kind_of_colour_can_be_shown(mode: str, kind: str) -> None:
    written = io.BytesIO()
    Image.new(mode, (30, 20)).save(written, kind)
    made = opened(encode(written.getvalue(), f"image/{kind.lower()}"))
    assert (made.format, made.mode, made.size) == ("JPEG", "RGB", (30, 20))


def bomb(side: int) -> bytes:
    """A PNG of a few hundred bytes that says it is side x side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [9_000, 20_000, 2**31 - 1])
def test_a_small_file_that_unfolds_too_far_is_not_opened(side: int) -> None:
    assert encode(bomb(side), "image/png") is None


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n" + bytes(40), b"GIF89a", photo()[:200]])
def test_what_is_no_picture_has_no_preview(data: bytes) -> None:
    for media_type in ("image/jpeg", "image/png", "image/gif", "image/webp"):
        assert encode(data, media_type) is None


def test_a_picture_of_another_kind_than_its_bytes_say_is_not_opened() -> None:
    assert encode(photo(kind="PNG"), "image/jpeg") is None
