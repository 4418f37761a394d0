"""Every kind of fault in a content file is refused with its file, line, fault and cure.

Each file under bad/ holds one fault and is named after it; its first three lines say where it belongs, which line
must be blamed, and what the message must say.
"""

import shutil
from pathlib import Path

import pytest

from knowledge.errors import ContentError
from knowledge.loader import load_from

HERE = Path(__file__).parent
BAD = sorted((HERE / "bad").glob("*.yaml"))


def headers(file: Path) -> dict[str, str]:
    lines = file.read_text(encoding="utf-8").splitlines()[:3]
    return dict(line.removeprefix("# ").split(": ", 1) for line in lines)


def content_with(file: Path, place: str, root: Path) -> Path:
    shutil.copytree(HERE / "good", root, dirs_exist_ok=True)
    target = root / place
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, target)
    return root


def test_the_good_content_loads() -> None:
    assert set(load_from(HERE / "good").entries) == {"proxy-limit"}


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_fault_is_refused_with_its_file_line_and_cure(file: Path, tmp_path: Path) -> None:
    expected = headers(file)
    with pytest.raises(ContentError) as caught:
        load_from(content_with(file, expected["at"], tmp_path / "content"))
    assert caught.value.file == expected["at"]
    assert caught.value.line == int(expected["line"])
    assert expected["says"] in caught.value.fault
    assert caught.value.cure
    assert str(caught.value).startswith(f"{expected['at']}:{expected['line']}: ")


def test_two_entries_may_not_share_an_id(tmp_path: Path) -> None:
    root = tmp_path / "content"
    shutil.copytree(HERE / "good", root)
    text = (root / "entries/voting/proxy-limit.yaml").read_text(encoding="utf-8")
    (root / "entries/recall").mkdir()
    (root / "entries/recall/proxy-limit.yaml").write_text(
        text.replace("topic: voting", "topic: recall"), encoding="utf-8"
    )
    with pytest.raises(ContentError, match=r"taken by entries/recall/proxy-limit\.yaml"):
        load_from(root)
