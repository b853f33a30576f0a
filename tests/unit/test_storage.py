import errno
from pathlib import Path

import pytest
from flowbrush.backend.errors import Code, StorageError
from flowbrush.backend.storage import make_folder, write_json, write_whole


def test_a_final_name_is_only_ever_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_whole(path, b"old")

    def fails_half_way(file) -> None:
        file.write(b"half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_whole(path, fails_half_way)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full to stand for a full disk")
def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    (tmp_path / ".a.bin.part").symlink_to("/dev/full")
    with pytest.raises(StorageError, match="disk is full") as caught:
        write_whole(path, b"x" * 100_000)
    assert caught.value.code == Code.DISK_FULL
    assert not path.exists()


def test_a_read_only_folder_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Tests may run as root, whom permissions do not stop.
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(StorageError, match="choose a folder") as caught:
        write_json(tmp_path / "a.json", {})
    assert caught.value.code == Code.NOT_WRITABLE


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError) as caught:
        make_folder(tmp_path / "file" / "below")
    assert caught.value.code == Code.NOT_WRITABLE
