"""What every Source promises, the same cases on local folders and on a real share."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mediavault_tui.errors import (
    SourceChanged,
    SourceError,
    SourceMissing,
    SourceOffline,
    SourceTaken,
)
from mediavault_tui.sources.base import FoundFile, Source, WalkError
from mediavault_tui.sources.local.source import LocalSource
from tests.smb.server import SHARE, Smbd

_numbers = itertools.count()


@dataclass
class Place:
    """A source and one folder of it, as the source spells it and as this machine does."""

    source: Source
    top: bytes
    disk: Path

    def write(self, name: str, content: bytes = b"x") -> bytes:
        path = self.disk / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return self.top + b"/" + name.encode()

    def walked(
        self, root: bytes | None = None, skip: frozenset[bytes] = frozenset()
    ) -> tuple[dict[bytes, FoundFile], list[WalkError]]:
        errors: list[WalkError] = []
        batches = self.source.walk(self.top if root is None else root, skip=skip, on_error=errors.append)
        found = [file for batch in batches for file in batch]
        files = {file.path: file for file in found}
        assert len(files) == len(found), "a file was walked twice"
        return files, errors


@pytest.fixture(params=["local", "smb"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "local":
        yield Place(LocalSource(), os.fsencode(tmp_path), tmp_path)
        return
    server: Smbd = request.getfixturevalue("shared_smbd")
    name = f"test{next(_numbers)}"
    (server.share / name).mkdir()
    with server.source() as source:
        yield Place(source, f"/{SHARE}/{name}".encode(), server.share / name)


def test_a_walk_finds_every_file_with_its_size_and_time(place: Place) -> None:
    paths = [place.write("a.mkv", b"1"), place.write("d/e/f/b.mkv", b"22"), place.write("empty", b"")]
    files, errors = place.walked()
    assert set(files) == set(paths)
    assert errors == []
    for path in paths:
        on_disk = os.lstat(place.disk / os.fsdecode(path.removeprefix(place.top + b"/")))
        stamp = files[path].stamp
        assert (stamp.inode, stamp.size) == (on_disk.st_ino, on_disk.st_size)
        assert abs(stamp.modified_ns - on_disk.st_mtime_ns) < 100
        assert place.source.stat(path).stamp == stamp
        with place.source.open(path) as reader:
            assert reader.stamp() == stamp


NAMES = ["emoji 🎬.mkv", "NFD e\u0301.mkv", "NFC \u00e9.mkv", "[red] 100%.mkv", "x" * 251 + ".mkv", "a b  c"]


@pytest.mark.parametrize("name", NAMES)
def test_names_go_there_and_back(place: Place, name: str) -> None:
    path = place.write(name, b"content")
    assert set(place.walked()[0]) == {path}
    buffer = bytearray(9)
    with place.source.open(path) as reader:
        assert reader.read_into(0, memoryview(buffer)) == 7
    assert buffer[:7] == b"content"
    place.source.move(path, place.top + b"/moved")
    place.source.move(place.top + b"/moved", path)
    assert set(place.walked()[0]) == {path}


def test_names_that_differ_in_case_only_are_two_files(place: Place) -> None:
    for name in ("Film.mkv", "film.mkv"):
        place.write(name, name.encode())
    for path in place.walked()[0]:
        buffer = bytearray(8)
        with place.source.open(path) as reader:
            reader.read_into(0, memoryview(buffer))
        assert path.endswith(b"/" + buffer)


def test_a_walk_enters_no_skipped_folder(place: Place) -> None:
    kept = place.write("kept/a")
    place.write("@eaDir/b")
    place.write(".hidden/c")
    place.write("stage/d")
    assert set(place.walked(skip=frozenset((place.top + b"/stage",)))[0]) == {kept}


def test_a_root_that_is_missing_or_a_file_is_offline(place: Place) -> None:
    path = place.write("file")
    for root in (path, place.top + b"/nowhere"):
        with pytest.raises(SourceOffline):
            place.walked(root)


def test_what_is_not_there_is_missing(place: Place) -> None:
    path = place.top + b"/no/such"
    for act in (place.source.stat, place.source.open, place.source.remove):
        with pytest.raises(SourceMissing, match="no/such"):
            act(path)
    with pytest.raises(SourceMissing):
        place.source.move(path, place.top + b"/there")


def test_a_folder_is_no_file(place: Place) -> None:
    place.source.make_folder(place.top + b"/folder")
    for act in (place.source.stat, place.source.open, place.source.remove):
        with pytest.raises(SourceChanged):
            act(place.top + b"/folder")
    assert (place.disk / "folder").is_dir()


def test_any_range_is_read_as_it_is(place: Place) -> None:
    content = os.urandom(5 * 1024 * 1024 + 17)
    path = place.write("film", content)
    with place.source.open(path) as reader:
        for offset, length in [
            (0, 5),
            (5, 3_000_000),
            (3_000_005, 3_000_000),
            (17, 1),
            (6_000_000, 9),
            (1, 0),
        ]:
            buffer = bytearray(length)
            count = reader.read_into(offset, memoryview(buffer))
            assert buffer[:count] == content[offset : offset + length]
            assert count == len(content[offset : offset + length])


@pytest.mark.parametrize("step", [777, 65536, 1_000_000, 4 * 1024 * 1024])
def test_a_file_is_read_in_a_row_with_any_step(place: Place, step: int) -> None:
    content = os.urandom(200_001 if step == 777 else 9 * 1024 * 1024 + 3)
    path = place.write("film", content)
    got = bytearray()
    buffer = bytearray(step)
    with place.source.open(path) as reader:
        while count := reader.read_into(len(got), memoryview(buffer)):
            got += buffer[:count]
    assert got == content


def test_several_threads_read_one_file(place: Place) -> None:
    content = os.urandom(6 * 1024 * 1024)
    path = place.write("film", content)
    wrong: list[int] = []
    with place.source.open(path) as reader:

        def read(number: int) -> None:
            step = 100_000 + 1000 * number
            buffer = bytearray(step)
            for offset in range(0, len(content), step):
                count = reader.read_into(offset, memoryview(buffer))
                if buffer[:count] != content[offset : offset + step]:
                    wrong.append(offset)

        threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_a_move_keeps_the_file_and_overwrites_nothing(place: Place) -> None:
    a, b = place.write("a", b"first"), place.write("b", b"second")
    before = place.source.stat(a).stamp
    with pytest.raises(SourceTaken):
        place.source.move(a, b)
    assert (place.disk / "a").read_bytes() == b"first"
    assert (place.disk / "b").read_bytes() == b"second"
    place.source.make_folder(place.top + b"/there/2026-11-25")
    place.source.make_folder(place.top + b"/there/2026-11-25")
    place.source.move(a, place.top + b"/there/2026-11-25/a")
    assert place.source.stat(place.top + b"/there/2026-11-25/a").stamp == before
    assert not (place.disk / "a").exists()


def test_a_move_into_a_missing_folder_is_refused(place: Place) -> None:
    a = place.write("a")
    with pytest.raises(SourceMissing):
        place.source.move(a, place.top + b"/nowhere/a")
    assert (place.disk / "a").exists()


def test_a_folder_cannot_take_a_files_name(place: Place) -> None:
    path = place.write("file")
    with pytest.raises(SourceError):
        place.source.make_folder(path)
    with pytest.raises(SourceError):
        place.source.make_folder(path + b"/below")
    assert (place.disk / "file").read_bytes() == b"x"


def test_a_removed_file_is_gone_and_its_neighbour_is_not(place: Place) -> None:
    path = place.write("a")
    place.write("b")
    place.source.remove(path)
    assert os.listdir(place.disk) == ["b"]


def test_hard_links_are_one_file(place: Place) -> None:
    a = place.write("a")
    os.link(place.disk / "a", place.disk / "b")
    files, _ = place.walked()
    assert len({(file.stamp.device, file.stamp.inode) for file in files.values()}) == 1
    assert place.source.stat(a).links == 2
