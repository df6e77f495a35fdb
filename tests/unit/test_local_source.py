"""What every Source promises (parametrised: a later one joins the list), and what only local folders do."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from mediavault_tui.errors import (
    CrossVolume,
    SourceChanged,
    SourceDenied,
    SourceError,
    SourceFull,
    SourceMissing,
    SourceOffline,
    SourceTaken,
)
from mediavault_tui.sources.base import FoundFile, Source, WalkError
from mediavault_tui.sources.local import folders as local_folders
from mediavault_tui.sources.local import listers as local_listers
from mediavault_tui.sources.local import rename as local_rename
from mediavault_tui.sources.local import walk as local_walk
from mediavault_tui.sources.local.errors import renamed
from mediavault_tui.sources.local.source import LocalSource, copy_exclusive, partial_name
from mediavault_tui.sources.local.walk import distinct_roots
from mediavault_tui.sources.share_copy import to_local

NOBODY = 65534
HOSTILE = [
    b"new\nline.mkv",
    b"bad\xff\xfe.mkv",
    b"[x265] [red].mkv",
    b"\x1b[31m.mkv",
    "a\u202eb.mkv".encode(),
]


@pytest.fixture(params=[LocalSource, "with listers"])
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Source:
    if request.param is not LocalSource:
        monkeypatch.setattr(
            local_walk, "_PATIENCE", 0
        )  # threads list from the first folder on, as on a slow disk
        return LocalSource()
    made: Source = request.param()
    return made


def write(path: Path, content: bytes = b"x") -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return os.fsencode(path)


def walked(
    source: Source, root: Path | bytes, *, skip: frozenset[bytes] = frozenset()
) -> tuple[dict[bytes, FoundFile], list[WalkError]]:
    errors: list[WalkError] = []
    batches = source.walk(os.fsencode(root), skip=skip, on_error=errors.append)
    found = [file for batch in batches for file in batch]
    files = {file.path: file for file in found}
    assert len(files) == len(found), "a file was walked twice"
    return files, errors


@contextmanager
def nobody() -> Iterator[Path]:
    """Be an ordinary user for a while, with a folder of one's own."""
    if os.geteuid() != 0:
        with tempfile.TemporaryDirectory() as name:
            yield Path(name)
        return
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    os.chown(folder, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        os.seteuid(0)
        shutil.rmtree(folder)


def test_a_walk_finds_every_regular_file_with_its_stamp(source: Source, tmp_path: Path) -> None:
    paths = [
        write(tmp_path / "a.mkv", b"1"),
        write(tmp_path / "d/e/f/b.mkv", b"22"),
        write(tmp_path / "empty", b""),
    ]
    files, errors = walked(source, tmp_path)
    assert set(files) == set(paths)
    assert errors == []
    for path in paths:
        st = os.lstat(path)
        stamp = files[path].stamp
        assert (stamp.device, stamp.inode) == (st.st_dev, st.st_ino)
        assert (stamp.size, stamp.modified_ns) == (st.st_size, st.st_mtime_ns)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_walk_gives_names_as_their_bytes(source: Source, tmp_path: Path, name: bytes) -> None:
    path = os.path.join(os.fsencode(tmp_path), name)
    try:
        with open(path, "wb") as file:
            file.write(b"content")
    except OSError as error:
        pytest.skip(f"not tested here: the file system takes no such name ({error})")
    files, _ = walked(source, tmp_path)
    assert set(files) == {path}
    buffer = bytearray(7)
    with source.open(path) as reader:
        assert reader.read_into(0, memoryview(buffer)) == 7
    assert buffer == b"content"


def test_links_of_every_kind_are_not_followed(source: Source, tmp_path: Path) -> None:
    real = write(tmp_path / "tree/real.mkv")
    write(tmp_path / "outside/other.mkv")
    (tmp_path / "tree/file.mkv").symlink_to("real.mkv")
    (tmp_path / "tree/folder").symlink_to("../outside")
    (tmp_path / "tree/up").symlink_to("..")
    (tmp_path / "tree/broken").symlink_to("nowhere")
    assert set(walked(source, tmp_path / "tree")[0]) == {real}


def test_hard_links_are_all_found_and_counted(source: Source, tmp_path: Path) -> None:
    a = write(tmp_path / "a")
    b = os.fsencode(tmp_path / "b")
    os.link(a, b)
    files, _ = walked(source, tmp_path)
    assert files[a].links == files[b].links == 2
    assert files[a].stamp == files[b].stamp


def test_pipes_and_sockets_are_no_files(source: Source, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert walked(source, tmp_path)[0] == {}


@pytest.mark.parametrize(
    "folder",
    ["@eaDir", "#recycle", "#snapshot", ".git", ".Trash-1000", "node_modules", "duplicates_before_purge"],
)
def test_folders_of_the_system_are_not_entered(source: Source, tmp_path: Path, folder: str) -> None:
    write(tmp_path / folder / "a.mkv")
    write(tmp_path / "deep" / folder / "a.mkv")
    assert walked(source, tmp_path)[0] == {}


def test_a_folder_may_be_left_out_by_its_path(source: Source, tmp_path: Path) -> None:
    write(tmp_path / "holding/a.mkv")
    kept = write(tmp_path / "other/holding/a.mkv")
    assert set(walked(source, tmp_path, skip=frozenset({os.fsencode(tmp_path / "holding")}))[0]) == {kept}


def test_a_root_may_itself_be_a_link(source: Source, tmp_path: Path) -> None:
    real = write(tmp_path / "real/a.mkv")
    (tmp_path / "link").symlink_to("real")
    assert set(walked(source, tmp_path / "link")[0]) == {real}


def test_an_empty_root_gives_nothing_and_no_error(source: Source, tmp_path: Path) -> None:
    assert walked(source, tmp_path) == ({}, [])


@pytest.mark.parametrize("what", ["missing", "file", "broken link"])
def test_a_root_that_is_no_folder_is_offline(source: Source, tmp_path: Path, what: str) -> None:
    root = tmp_path / "root"
    if what == "file":
        root.write_bytes(b"x")
    elif what == "broken link":
        root.symlink_to("nowhere")
    with pytest.raises(SourceOffline, match=r"root|nowhere"):
        walked(source, root)


def test_an_unreadable_folder_is_an_error_and_the_rest_is_found(source: Source) -> None:
    with nobody() as folder:
        kept = write(folder / "open/a.mkv")
        write(folder / "shut/b.mkv")
        (folder / "shut").chmod(0)
        files, errors = walked(source, folder)
        (folder / "shut").chmod(0o700)
    assert set(files) == {kept}
    assert [error.path for error in errors] == [os.fsencode(folder / "shut")]
    assert "access is denied" in errors[0].message


def test_an_unreadable_root_is_offline(source: Source) -> None:
    with nobody() as folder:
        (folder / "shut").mkdir(mode=0)
        with pytest.raises(SourceOffline, match="access is denied"):
            walked(source, folder / "shut")


def test_an_unreadable_file_says_that_access_is_denied(source: Source) -> None:
    with nobody() as folder:
        path = write(folder / "a.mkv")
        (folder / "a.mkv").chmod(0)
        with pytest.raises(SourceDenied, match=r"a\.mkv: access is denied"):
            source.open(path).__enter__()


def test_a_file_that_vanishes_while_the_folder_is_read_is_simply_not_there(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        write(tmp_path / name)
    real = os.scandir

    class Listing:
        def __init__(self, path: bytes) -> None:
            self.entries = list(real(path))
            (tmp_path / "b").unlink(missing_ok=True)

        def __enter__(self) -> Iterator[os.DirEntry[bytes]]:
            return iter(self.entries)

        def __exit__(self, *_: object) -> None: ...

        def close(self) -> None: ...

    monkeypatch.setattr(os, "scandir", Listing)
    files, errors = walked(source, tmp_path)
    assert {os.path.basename(path) for path in files} == {b"a", b"c"}
    assert errors == []


def listing_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("lister")]


@pytest.mark.parametrize(("blocks", "called"), [(1, True), (0, False)])
def test_threads_list_ahead_only_where_folders_come_from_a_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocks: int, called: bool
) -> None:
    paths = {write(tmp_path / f"{n:02}/{m}/a.mkv") for n in range(40) for m in range(3)}
    counter = iter(range(0, 1_000_000 * blocks, blocks)) if blocks else None
    monkeypatch.setattr(local_walk, "_fetched", lambda: next(counter) if counter else 0)
    looked: dict[bytes, str] = {}
    real = local_folders.list_folder

    def noted(folder: local_folders.Folder, skip: frozenset[bytes]) -> local_folders.Listing:
        looked[folder[0]] = threading.current_thread().name
        return real(folder, skip)

    monkeypatch.setattr(local_walk, "list_folder", noted)
    monkeypatch.setattr(local_listers, "list_folder", noted)
    assert set(walked(LocalSource(), tmp_path)[0]) == paths
    by_threads = [name for name in looked.values() if name.startswith("lister")]
    assert len(by_threads) == (len(looked) - local_walk._PATIENCE if called else 0)
    assert listing_threads() == []


def test_leaving_a_walk_ends_its_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_walk, "_PATIENCE", 0)
    for n in range(300):
        write(tmp_path / f"{n:03}/a.mkv")
    batches = local_walk.walk(os.fsencode(tmp_path), on_error=lambda _path, why: pytest.fail(why))
    next(batches)
    assert listing_threads()
    batches.close()  # type: ignore[attr-defined]  # an Iterator that is a generator
    assert listing_threads() == []


def test_an_error_nobody_foresaw_is_raised_where_the_walk_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_walk, "_PATIENCE", 0)
    write(tmp_path / "a.mkv")

    def broken(_folder: local_folders.Folder, _skip: frozenset[bytes]) -> local_folders.Listing:
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setattr(local_listers, "list_folder", broken)
    with pytest.raises(ZeroDivisionError, match="nobody foresaw this"):
        walked(LocalSource(), tmp_path)
    assert listing_threads() == []


def test_a_stat_tells_what_a_walk_tells(source: Source, tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", b"12345")
    assert source.stat(path) == walked(source, tmp_path)[0][path]


def test_a_stat_of_what_is_not_there_is_missing(source: Source, tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match=r"gone\.mkv: it is not there"):
        source.stat(os.fsencode(tmp_path / "gone.mkv"))


@pytest.mark.parametrize("what", ["folder", "link", "pipe"])
def test_only_a_regular_file_can_be_looked_at_or_opened(source: Source, tmp_path: Path, what: str) -> None:
    path = tmp_path / "a"
    if what == "folder":
        path.mkdir()
    elif what == "link":
        write(tmp_path / "b")
        path.symlink_to("b")
    else:
        os.mkfifo(path)
    for act in (source.stat, lambda p: source.open(p).__enter__()):
        with pytest.raises(SourceChanged):
            act(os.fsencode(path))


def test_a_range_is_read_from_where_it_is_asked(source: Source, tmp_path: Path) -> None:
    path = write(tmp_path / "a", bytes(range(256)) * 1000)
    buffer = bytearray(300)
    with source.open(path) as reader:
        assert reader.read_into(1000, memoryview(buffer)) == 300
        assert bytes(buffer) == (bytes(range(256)) * 6)[1000:1300]
        assert reader.read_into(255_900, memoryview(buffer)) == 100
        assert reader.read_into(256_000, memoryview(buffer)) == 0
        assert reader.stamp() == source.stat(path).stamp
        assert reader.path == path


def test_a_move_keeps_content_time_and_mode(source: Source, tmp_path: Path) -> None:
    a = write(tmp_path / "a", b"content")
    (tmp_path / "to").mkdir()
    os.chmod(a, 0o640)
    os.utime(a, ns=(1, 1_234_567_890_123_456_789))
    b = os.fsencode(tmp_path / "to/b")
    before = source.stat(a)
    source.move(a, b)
    assert not os.path.lexists(a)
    assert source.stat(b).stamp == before.stamp
    assert stat.S_IMODE(os.lstat(b).st_mode) == 0o640


@pytest.mark.parametrize("what", ["file", "folder", "broken link"])
def test_a_move_overwrites_nothing(source: Source, tmp_path: Path, what: str) -> None:
    a = write(tmp_path / "a", b"mine")
    target = tmp_path / "b"
    if what == "file":
        target.write_bytes(b"theirs")
    elif what == "folder":
        target.mkdir()
    else:
        target.symlink_to("nowhere")
    before = os.lstat(target)
    with pytest.raises(SourceTaken, match="the name is in use"):
        source.move(a, os.fsencode(target))
    assert (tmp_path / "a").read_bytes() == b"mine"
    assert os.lstat(target) == before


def test_a_move_of_nothing_is_missing(source: Source, tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match="gone"):
        source.move(os.fsencode(tmp_path / "gone"), os.fsencode(tmp_path / "b"))


def test_a_move_into_a_folder_that_is_not_there_names_it_and_moves_nothing(
    source: Source, tmp_path: Path
) -> None:
    a = write(tmp_path / "a")
    with pytest.raises(SourceMissing, match="no/b"):
        source.move(a, os.fsencode(tmp_path / "no/b"))
    assert os.path.exists(a)


def test_removing_takes_one_file_away(source: Source, tmp_path: Path) -> None:
    a, b = write(tmp_path / "a"), write(tmp_path / "b")
    source.remove(a)
    assert os.listdir(os.fsencode(tmp_path)) == [os.path.basename(b)]
    with pytest.raises(SourceMissing):
        source.remove(a)


def test_a_folder_is_never_removed(source: Source, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(SourceError, match="folder"):
        source.remove(os.fsencode(tmp_path / "folder"))
    assert (tmp_path / "folder").is_dir()


def test_folders_are_made_with_their_parents_and_may_exist(source: Source, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "a/b/c")
    source.make_folder(path)
    source.make_folder(path)
    assert os.path.isdir(path)


def test_a_folder_where_a_file_is_is_refused(source: Source, tmp_path: Path) -> None:
    write(tmp_path / "a")
    with pytest.raises(SourceTaken):
        source.make_folder(os.fsencode(tmp_path / "a"))


# What follows holds for local folders only.


@pytest.fixture
def other_volume(tmp_path: Path) -> Iterator[Path]:
    if not os.path.isdir("/dev/shm") or os.stat("/dev/shm").st_dev == os.stat(tmp_path).st_dev:
        pytest.skip("not tested here: no second volume (/dev/shm)")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        yield Path(name)


def test_a_move_to_another_volume_says_so_and_moves_nothing(tmp_path: Path, other_volume: Path) -> None:
    a = write(tmp_path / "a")
    with pytest.raises(CrossVolume, match="different volumes"):
        LocalSource().move(a, os.fsencode(other_volume / "a"))
    assert os.path.exists(a)
    assert not any(other_volume.iterdir())


@pytest.mark.parametrize("way", ["link", "look"])
def test_without_an_exclusive_rename_a_move_still_overwrites_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(local_rename, "_EXCLUSIVE", None)
    if way == "look":

        def no_links(*_: object, **__: object) -> None:
            raise OSError(errno.EPERM, "no hard links here")

        monkeypatch.setattr(os, "link", no_links)
    a, b = write(tmp_path / "a", b"mine"), write(tmp_path / "b", b"theirs")
    with pytest.raises(SourceTaken):
        LocalSource().move(a, b)
    assert (tmp_path / "b").read_bytes() == b"theirs"
    LocalSource().move(a, os.fsencode(tmp_path / "c"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "c"]
    assert os.lstat(tmp_path / "c").st_nlink == 1


@contextmanager
def unlinking(path: bytes, code: int, *, obeys: bool) -> Iterator[None]:
    """Let renames go by links, and the removal of `path` end in an error, obeyed or not."""
    unlink = os.unlink

    def failing(each: bytes) -> None:
        if each != path or obeys:
            unlink(each)
        if each == path:
            raise OSError(code, os.strerror(code))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_rename, "_EXCLUSIVE", None)
        patch.setattr(os, "unlink", failing)
        yield


def test_of_two_moves_at_once_to_one_name_one_is_refused_whatever_the_volume_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A volume with neither an exclusive rename nor links: both would look, then both rename."""
    monkeypatch.setattr(local_rename, "_EXCLUSIVE", None)
    monkeypatch.setattr(local_rename, "_rename_by_link", lambda *_: False)
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(name.encode())
    both_have_looked = threading.Barrier(2)
    lexists = os.path.lexists

    def looked(path: bytes) -> bool:
        found = lexists(path)
        if os.fsencode(path).endswith(b"/free") and not found:
            with suppress(threading.BrokenBarrierError):  # as it is where they look one after the other
                both_have_looked.wait(1)
        return found

    monkeypatch.setattr(os.path, "lexists", looked)

    def move(name: str) -> str:
        try:
            LocalSource().move(os.fsencode(tmp_path / name), os.fsencode(tmp_path / "free"))
        except SourceTaken:
            return "taken"
        return "moved"

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(move, ["one", "two"])) == ["moved", "taken"]
    kept = {path.read_bytes() for path in tmp_path.iterdir()}
    assert kept == {b"one", b"two"}


@pytest.mark.parametrize("code", [errno.ENOENT, errno.EIO, errno.ETIMEDOUT])
def test_a_move_by_links_whose_last_answer_is_lost_keeps_the_file(tmp_path: Path, code: int) -> None:
    a, b = write(tmp_path / "a", b"mine"), os.fsencode(tmp_path / "b")
    with unlinking(a, code, obeys=True):
        if code == errno.ENOENT:
            LocalSource().move(a, b)
        else:
            with pytest.raises(SourceError):
                LocalSource().move(a, b)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"b": b"mine"}


@pytest.mark.parametrize("code", [errno.EIO, errno.ETIMEDOUT])
def test_a_move_by_links_that_may_still_be_made_leaves_both_names(tmp_path: Path, code: int) -> None:
    a = write(tmp_path / "a", b"mine")
    with unlinking(a, code, obeys=False), pytest.raises(SourceError):
        LocalSource().move(a, os.fsencode(tmp_path / "b"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.ETXTBSY])
def test_a_move_by_links_that_is_refused_leaves_the_first_name(tmp_path: Path, code: int) -> None:
    a = write(tmp_path / "a", b"mine")
    with unlinking(a, code, obeys=False), pytest.raises(SourceError):
        LocalSource().move(a, os.fsencode(tmp_path / "b"))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_move_by_links_that_can_be_neither_made_nor_undone_says_so_of_the_new_name(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a", b"mine"), os.fsencode(tmp_path / "b")
    with (
        unlinking(b, errno.ETIMEDOUT, obeys=False),
        unlinking(a, errno.EACCES, obeys=False),
        pytest.raises(SourceOffline),
    ):
        LocalSource().move(a, b)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.parametrize("fails", [False, True])
def test_a_move_by_links_has_the_new_name_last_before_the_old_one_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    a = write(tmp_path / "from" / "a", b"mine")
    (tmp_path / "to").mkdir()
    synced: list[tuple[bytes, bool]] = []

    def sync(folder: bytes) -> None:
        synced.append((os.path.basename(folder), os.path.lexists(a)))
        if fails:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(local_rename, "_EXCLUSIVE", None)
    monkeypatch.setattr(local_rename, "sync_folder", sync)
    if fails:
        with pytest.raises(SourceError):
            LocalSource().rename(a, os.fsencode(tmp_path / "to" / "a"))
    else:
        LocalSource().rename(a, os.fsencode(tmp_path / "to" / "a"))
    assert synced == [(b"to", True)]
    there = [path.parent.name for path in tmp_path.rglob("a")]
    assert there == (["from"] if fails else ["to"])


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_volume_that_takes_nothing_is_full(code: int) -> None:
    error = renamed(OSError(code, os.strerror(code)), "copy to", b"/library/a.mkv")
    assert isinstance(error, SourceFull)
    assert str(error).startswith("cannot copy to /library/a.mkv: ")


@pytest.mark.parametrize("code", [errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT])
def test_a_mount_that_does_not_answer_is_offline(code: int) -> None:
    assert isinstance(renamed(OSError(code, "?"), "read", b"/mnt/a"), SourceOffline)


def test_an_unforeseen_error_still_makes_one_sentence() -> None:
    error = renamed(OSError(errno.EPROTO, os.strerror(errno.EPROTO)), "read", b"/mnt/bad\xff")
    assert str(error) == r"cannot read /mnt/bad\xff: protocol error; check the volume"


def test_a_copy_keeps_content_time_mode_and_attributes(tmp_path: Path, other_volume: Path) -> None:
    content = os.urandom(3 * 1024 * 1024 + 7)
    a = write(tmp_path / "a", content)
    os.chmod(a, 0o640)
    os.utime(a, ns=(5, 1_234_567_890_123_456_789))
    b = os.fsencode(other_volume / "b")
    seen = bytearray()
    copy_exclusive(a, b, on_chunk=seen.extend)
    assert (other_volume / "b").read_bytes() == content == seen
    assert os.lstat(b).st_mtime_ns == 1_234_567_890_123_456_789
    assert stat.S_IMODE(os.lstat(b).st_mode) == 0o640
    assert (tmp_path / "a").read_bytes() == content
    assert [path.name for path in other_volume.iterdir()] == ["b"]


def test_a_copy_keeps_extended_attributes(tmp_path: Path) -> None:
    a = write(tmp_path / "a")
    try:
        os.setxattr(a, "user.note", b"mine")
    except (OSError, AttributeError) as error:
        pytest.skip(f"not tested here: no extended attributes ({error})")
    copy_exclusive(a, os.fsencode(tmp_path / "b"), on_chunk=lambda _: None)
    assert os.getxattr(tmp_path / "b", "user.note") == b"mine"


def test_a_copy_overwrites_nothing(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a", b"mine"), write(tmp_path / "b", b"theirs")
    with pytest.raises(SourceTaken):
        copy_exclusive(a, b, on_chunk=lambda _: None)
    assert (tmp_path / "b").read_bytes() == b"theirs"


def test_a_name_taken_while_copying_is_not_overwritten(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a", b"mine"), tmp_path / "b"

    def take_the_name(_: memoryview) -> None:
        b.write_bytes(b"theirs")

    with pytest.raises(SourceTaken):
        copy_exclusive(a, os.fsencode(b), on_chunk=take_the_name)
    assert b.read_bytes() == b"theirs"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_source_that_changes_while_copying_leaves_no_copy(tmp_path: Path) -> None:
    a = write(tmp_path / "a", b"mine")
    with pytest.raises(SourceChanged, match="changed while it was copied"):
        copy_exclusive(a, os.fsencode(tmp_path / "b"), on_chunk=lambda _: os.utime(a, (1, 1)))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_interrupted_copy_leaves_nothing(tmp_path: Path) -> None:
    a = write(tmp_path / "a", b"mine")

    def interrupt(_: memoryview) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_exclusive(a, os.fsencode(tmp_path / "b"), on_chunk=interrupt)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_copy_killed_in_the_middle_leaves_only_its_partial_file(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a", b"x" * 5_000_000), os.fsencode(tmp_path / "b")
    code = (
        "import os, sys\n"
        "from mediavault_tui.sources.local.source import copy_exclusive\n"
        "copy_exclusive(os.fsencode(sys.argv[1]), os.fsencode(sys.argv[2]), on_chunk=lambda _: os._exit(9))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code, a, b], check=False)
    assert ran.returncode == 9
    assert {os.fsencode(path) for path in tmp_path.iterdir()} == {a, partial_name(b)}
    with pytest.raises(SourceTaken):
        copy_exclusive(a, b, on_chunk=lambda _: None)
    os.unlink(partial_name(b))
    copy_exclusive(a, b, on_chunk=lambda _: None)
    assert os.path.getsize(b) == 5_000_000


def test_a_full_disk_while_copying_leaves_no_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a = write(tmp_path / "a", b"mine")

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(SourceFull, match="the volume is full; make room"):
        copy_exclusive(a, os.fsencode(tmp_path / "b"), on_chunk=lambda _: None)
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("way", ["within this machine", "from a share"])
def test_a_copy_whose_name_may_not_last_is_there_and_the_error_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Whoever is told that the copy failed might make another, or look for no first one."""
    source, destination = write(tmp_path / "a", b"content"), os.fsencode(tmp_path / "b")
    fsync = os.fsync

    def failing(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EIO, "the disk does not answer")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", failing)
    copy = partial(to_local, LocalSource()) if way == "from a share" else copy_exclusive
    with pytest.raises(SourceError, match="make sure of the copy"):
        copy(source, destination, on_chunk=lambda _: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    assert (tmp_path / "b").read_bytes() == b"content"


def test_roots_are_real_paths_without_repetition_or_nesting(tmp_path: Path) -> None:
    for name in ("a/inside", "ab"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to("a")
    roots = [os.fsencode(tmp_path / name) for name in ("a/inside", "link", "ab", "a", "a/../a/")]
    assert distinct_roots(roots) == [os.fsencode(tmp_path / "a"), os.fsencode(tmp_path / "ab")]


def test_everything_lies_below_the_root_of_all() -> None:
    assert distinct_roots([b"/tmp", b"/"]) == [b"/"]


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="not tested here: bind mounts need root"
)
def test_a_folder_mounted_into_itself_ends_the_walk(tmp_path: Path) -> None:
    kept = write(tmp_path / "tree/a.mkv")
    inner = tmp_path / "tree/again"
    inner.mkdir()
    code = f"""
import os, subprocess, sys
from mediavault_tui.sources.local.source import LocalSource
if subprocess.run(["mount", "--bind", {str(tmp_path / "tree")!r}, {str(inner)!r}]).returncode:
    sys.exit(77)
for batch in LocalSource().walk({os.fsencode(tmp_path / "tree")!r}, skip=frozenset(), on_error=print):
    for file in batch:
        print(os.fsdecode(file.path))
"""
    ran = subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    if ran.returncode:
        pytest.skip(f"not tested here: no mount namespace ({ran.stderr.strip()})")
    assert ran.stdout.split() == [os.fsdecode(kept)]
