import os

import pytest

from recollect.core.errors import OutputError
from recollect.core.files import check_writable, staged_folder, write_whole

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_and_replaced_whole(tmp_path):
    path = tmp_path / "a.txt"
    write_whole(path, "Ünïcode\n")
    assert path.read_bytes() == "Ünïcode\n".encode()
    write_whole(path, b"\x00\x01")
    assert path.read_bytes() == b"\x00\x01"
    assert names(tmp_path) == ["a.txt"]


def test_a_file_has_the_rights_that_open_would_give(tmp_path):
    (tmp_path / "usual").write_text("x")
    write_whole(tmp_path / "ours", "x")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_failure_keeps_the_old_file_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*names: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "a.txt"
    write_whole(path, "old")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match=r"cannot write .*a\.txt: No space left on device"):
        write_whole(path, "new")
    assert path.read_text() == "old" and names(tmp_path) == ["a.txt"]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(OutputError, match=r"cannot write .*missing.*: No such file"):
        write_whole(tmp_path / "missing" / "a.txt", "x")


def test_a_folder_is_filled_aside_and_joins_what_was_there(tmp_path):
    target = tmp_path / "deep" / "out"
    with staged_folder(target) as stage:
        (stage / "a").write_text("1")
        (stage / "sub").mkdir()
        (stage / "sub" / "old").write_text("1")
        assert not target.exists()
    with staged_folder(target) as stage:
        (stage / "b").write_text("2")
        (stage / "sub").mkdir()
        (stage / "sub" / "new").write_text("2")
    assert names(target) == ["a", "b", "sub"]
    assert names(target / "sub") == ["new"]
    assert names(tmp_path / "deep") == ["out"]


def test_a_failure_inside_leaves_the_folder_as_it_was(tmp_path):
    target = tmp_path / "out"
    with pytest.raises(ZeroDivisionError), staged_folder(target) as stage:
        (stage / "a").write_text("1")
        raise ZeroDivisionError
    assert names(tmp_path) == []


def test_a_file_in_the_way_is_said_at_once(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(OutputError, match="it is a file, and a folder is needed"):
        check_writable(tmp_path / "out")


@pytest.mark.skipif(AS_ROOT, reason="the superuser may write anywhere")
def test_a_read_only_place_is_said_at_once(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match=r"cannot write to .*: Permission denied"):
        check_writable(tmp_path / "out")
