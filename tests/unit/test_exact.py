"""Equal bytes, by both engines: hash_candidates over a Source, find_exact on the leanest path."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xxhash import xxh3_128_digest

from mediavault_tui.errors import SourceChanged, SourceDenied, SourceMissing, UsageError
from mediavault_tui.probe import wholefiles
from mediavault_tui.probe.hashing import SAMPLE, STEP, WHOLE
from mediavault_tui.probe.wholefiles import SmallFile
from mediavault_tui.services.exact import forked
from mediavault_tui.services.exact import tree as exact_tree
from mediavault_tui.services.exact.candidates import hash_candidates
from mediavault_tui.services.exact.forked import hash_forked
from mediavault_tui.services.exact.lockstep import Candidate, Hashed
from mediavault_tui.services.exact.tree import ExactReport, find_exact
from mediavault_tui.sources.base import FoundFile, Source
from mediavault_tui.sources.local.source import LocalReader, LocalSource

SOURCE = LocalSource()
Groups = set[frozenset[bytes]]


class SlowSource:
    """The same files, but not by the short cut for local ones: what an SMB source goes through."""

    name = "slow"

    def __init__(self, before_open: Callable[[bytes], None] = lambda path: None) -> None:
        self.before_open = before_open
        self.walk, self.stat, self.move = SOURCE.walk, SOURCE.stat, SOURCE.move
        self.remove, self.make_folder = SOURCE.remove, SOURCE.make_folder

    def open(self, path: bytes) -> LocalReader:
        self.before_open(path)
        return SOURCE.open(path)


def write(path: Path, content: bytes | bytearray) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return os.fsencode(path)


def found(root: Path) -> list[FoundFile]:
    batches = SOURCE.walk(
        os.fsencode(root), skip=frozenset(), on_error=lambda error: pytest.fail(error.message)
    )
    return [file for batch in batches for file in batch]


def by_path(hashed: Iterator[Hashed]) -> dict[bytes, Hashed]:
    return {one.file.path: one for one in hashed}


def hash_all(root: Path, *, source: Source = SOURCE, readers: int = 2) -> dict[bytes, Hashed]:
    return by_path(hash_candidates(source, map(Candidate, found(root)), readers=readers))


def groups_of_engine(answers: dict[bytes, Hashed]) -> Groups:
    """Sets of paths of equal content, of two inodes and more."""
    alike: dict[tuple[int, bytes], list[FoundFile]] = defaultdict(list)
    for one in answers.values():
        if one.content_hash is not None:
            alike[one.file.stamp.size, one.content_hash].append(one.file)
    return {
        frozenset(file.path for file in files)
        for files in alike.values()
        if len({file.stamp.inode for file in files}) > 1
    }


def groups_of_report(report: ExactReport) -> Groups:
    return {frozenset(name for names in group.files for name in names) for group in report.groups}


def naive(root: Path) -> Groups:
    """Every file that is not empty, by SHA-256 of all of it, and inodes counted."""
    alike: dict[bytes, list[Path]] = defaultdict(list)
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_size:
            alike[hashlib.sha256(path.read_bytes()).digest()].append(path)
    return {
        frozenset(os.fsencode(path) for path in paths)
        for paths in alike.values()
        if len({path.stat().st_ino for path in paths}) > 1
    }


def both(root: Path) -> Groups:
    """The groups that both engines find, which must be the same."""
    engine = groups_of_engine(hash_all(root))
    assert groups_of_engine(hash_all(root, source=SlowSource(), readers=3)) == engine
    report = find_exact([os.fsencode(root)])
    assert report.errors == []
    assert groups_of_report(report) == engine
    return engine


@pytest.mark.parametrize("size", [1, 4096, WHOLE, WHOLE + 1, STEP, STEP + 1, 2 * STEP + 12345])
def test_equal_files_are_a_group_and_a_single_differing_bit_is_not(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    a, b = write(tmp_path / "a", content), write(tmp_path / "b", content)
    for at in {0, size // 2, size - 1, min(SAMPLE, size - 1), max(size - SAMPLE - 1, 0), min(STEP, size - 1)}:
        other = bytearray(content)
        other[at] ^= 1
        write(tmp_path / f"other {at}", bytes(other))
    assert both(tmp_path) == {frozenset({a, b})}


def test_files_that_agree_for_long_split_into_their_groups(tmp_path: Path) -> None:
    one = bytearray(3 * STEP)
    two, three = bytearray(one), bytearray(one)
    two[2 * STEP + 5] = 1
    three[STEP + 5] = 1
    names = {
        name: write(tmp_path / name, bytes(content))
        for name, content in {"a1": one, "a2": one, "b1": two, "b2": two, "c": three}.items()
    }
    shutil.copy(tmp_path / "b1", tmp_path / "b3")
    assert both(tmp_path) == {
        frozenset({names["a1"], names["a2"]}),
        frozenset({names["b1"], names["b2"], os.fsencode(tmp_path / "b3")}),
    }


def test_reading_stops_at_the_first_difference(tmp_path: Path) -> None:
    content = bytearray(8 * STEP)
    a = write(tmp_path / "a", bytes(content))
    content[STEP + 1] = 1
    b = write(tmp_path / "b", bytes(content))
    read: list[int] = []
    answers = by_path(
        hash_candidates(SOURCE, map(Candidate, found(tmp_path)), readers=2, on_bytes=read.append)
    )
    assert sum(read) == 2 * (WHOLE + 2 * STEP)
    assert answers[a].content_hash is None
    assert answers[b].content_hash is None
    assert answers[a].sample_hash == answers[b].sample_hash is not None


def test_files_alone_with_their_size_and_empty_ones_are_not_read(tmp_path: Path) -> None:
    for n in range(5):
        write(tmp_path / f"empty {n}", b"")
        write(tmp_path / f"single {n}", b"x" * (n + 1))
    assert hash_all(tmp_path) == {}
    report = find_exact([os.fsencode(tmp_path)])
    assert (report.groups, report.errors, report.bytes_read, report.files) == ([], [], 0, 10)


def test_the_names_of_one_file_are_no_group(tmp_path: Path) -> None:
    a = write(tmp_path / "a", b"content")
    os.link(a, tmp_path / "b")
    (tmp_path / "c").symlink_to("a")
    assert both(tmp_path) == set()


@pytest.mark.parametrize("size", [10, WHOLE + 10])
def test_a_group_shows_all_names_of_its_files_and_frees_what_copies_take(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    a, z = write(tmp_path / "a", content), write(tmp_path / "z", content)
    os.link(a, tmp_path / "second name")
    second = os.fsencode(tmp_path / "second name")
    assert both(tmp_path) == {frozenset({a, second, z})}
    (group,) = find_exact([os.fsencode(tmp_path)]).groups
    assert group.files == [[a, second], [z]]
    assert group.freed == size
    assert group.content_hash == xxh3_128_digest(content)


def test_overlapping_roots_and_links_to_them_count_once(tmp_path: Path) -> None:
    write(tmp_path / "tree/in/a", b"content")
    write(tmp_path / "other/b", b"different")
    (tmp_path / "link").symlink_to("tree")
    roots = [os.fsencode(tmp_path / name) for name in ("tree", "tree/in", "link", "other", "tree")]
    report = find_exact(roots)
    assert report.groups == []
    assert report.files == 2


def test_names_may_be_anything(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    made = set()
    for name in (b"new\nline", b"bad\xff\xfe", b"[x265]", b"\x1b[31m", "a\u202eb".encode(), b"-rf", b" "):
        try:
            with open(os.path.join(root, name), "wb") as file:
                file.write(b"same")
            made.add(os.path.join(root, name))
        except OSError:
            continue  # a file system that takes only UTF-8
    assert len(made) >= 6
    assert both(tmp_path) == {frozenset(made)}


@pytest.mark.parametrize("source", [SOURCE, SlowSource()])
@pytest.mark.parametrize("size", [100, WHOLE + 100])
@pytest.mark.parametrize("what", ["vanished", "grown", "shrunk", "rewritten", "replaced by a pipe"])
def test_a_file_that_is_not_what_was_found_is_an_error_and_in_no_group(
    tmp_path: Path, source: Source, size: int, what: str
) -> None:
    for name in "abc":
        write(tmp_path / name, b"x" * size)
    files = found(tmp_path)
    victim = tmp_path / "b"
    if what == "vanished":
        victim.unlink()
    elif what == "replaced by a pipe":
        victim.unlink()
        os.mkfifo(victim)
    elif what == "rewritten":
        victim.write_bytes(b"x" * size)
        os.utime(victim, (1, 1))
    else:
        os.truncate(victim, size + 1 if what == "grown" else size - 1)
    answers = by_path(hash_candidates(source, map(Candidate, files), readers=2))
    wrong = answers[os.fsencode(victim)]
    assert isinstance(wrong.error, SourceMissing if what == "vanished" else SourceChanged)
    assert wrong.sample_hash is wrong.content_hash is None
    assert groups_of_engine(answers) == {
        frozenset({os.fsencode(tmp_path / "a"), os.fsencode(tmp_path / "c")})
    }


@pytest.mark.parametrize("act", ["grow", "rewrite", "truncate"])
def test_a_file_that_changes_between_two_steps_is_an_error(tmp_path: Path, act: str) -> None:
    paths = [write(tmp_path / name, bytes(3 * STEP)) for name in "abc"]
    victim = paths[1]
    opened: list[bytes] = []

    def meddle(path: bytes) -> None:
        opened.append(path)
        if opened.count(victim) == 2 and path == victim:  # sampled once, now read to its end
            size = {"grow": 3 * STEP + 1, "truncate": 2 * STEP, "rewrite": 3 * STEP}[act]
            os.truncate(path, size)
            os.utime(path, (1, 1))

    answers = hash_all(tmp_path, source=SlowSource(meddle), readers=1)
    assert isinstance(answers[victim].error, SourceChanged)
    assert groups_of_engine(answers) == {frozenset({paths[0], paths[2]})}


@pytest.mark.parametrize("size", [100, WHOLE + 100])
def test_unreadable_files_are_reported_and_the_rest_is_compared(size: int) -> None:
    if os.geteuid() != 0:
        pytest.skip("not tested here: only root can make a file of somebody else's")
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    try:
        paths = [write(folder / name, b"x" * size) for name in "abc"]
        (folder / "b").chmod(0)
        write(folder / "shut/d", b"x" * size)
        (folder / "shut").chmod(0)
        files = [LocalSource().stat(path) for path in paths]
        os.seteuid(65534)
        try:
            report = find_exact([os.fsencode(folder)])
            answers = by_path(hash_candidates(SOURCE, map(Candidate, files), readers=2))
        finally:
            os.seteuid(0)
    finally:
        shutil.rmtree(folder)
    assert groups_of_report(report) == groups_of_engine(answers) == {frozenset({paths[0], paths[2]})}
    assert isinstance(answers[paths[1]].error, SourceDenied)
    assert {error.path for error in report.errors} == {paths[1], os.fsencode(folder / "shut")}
    assert all("access is denied" in error.message for error in report.errors)


@pytest.mark.parametrize("what", ["missing", "file"])
def test_a_root_that_is_no_folder_is_asked_wrongly(tmp_path: Path, what: str) -> None:
    if what == "file":
        write(tmp_path / "root", b"x")
    with pytest.raises(UsageError, match="root"):
        find_exact([os.fsencode(tmp_path / "root")])


def test_only_videos_are_compared_when_asked_and_typescript_is_none(tmp_path: Path) -> None:
    stream = b"".join(b"\x47" + bytes([n]) * 187 for n in range(10))
    for copy in "12":
        write(tmp_path / f"{copy}.mkv", b"film")
        write(tmp_path / f"{copy}.nfo", b"text")
        write(tmp_path / f"stream {copy}.ts", stream)
        write(tmp_path / f"code {copy}.ts", b"export const a = 1;\n" * 100)
    report = find_exact([os.fsencode(tmp_path)], videos=True)
    names = {frozenset(os.path.basename(path) for path in group) for group in groups_of_report(report)}
    assert names == {frozenset({b"1.mkv", b"2.mkv"}), frozenset({b"stream 1.ts", b"stream 2.ts"})}
    assert report.files == 4


def test_what_is_known_is_not_read_again(tmp_path: Path) -> None:
    for name in "abc":
        write(tmp_path / name, b"x" * (WHOLE + 1))
    files = {file.path: file for file in found(tmp_path)}
    first = hash_all(tmp_path)
    opened: list[bytes] = []
    known = [Candidate(one.file, one.sample_hash, one.content_hash) for one in first.values()]
    assert list(hash_candidates(SlowSource(opened.append), known, readers=2)) == []
    assert opened == []
    new = write(tmp_path / "d", b"x" * (WHOLE + 1))
    candidates = [*known, Candidate(SOURCE.stat(new))]
    answers = by_path(hash_candidates(SlowSource(opened.append), candidates, readers=2))
    assert set(answers) == set(opened) == {new}
    assert answers[new].content_hash == next(iter(first.values())).content_hash
    assert len(files) == 3


def test_a_known_sample_is_enough_to_tell_a_new_file_apart(tmp_path: Path) -> None:
    old = write(tmp_path / "old", b"x" * (WHOLE + 1))
    sampled = Candidate(SOURCE.stat(old), sample_hash=b"o" * 16)
    new = write(tmp_path / "new", b"y" * (WHOLE + 1))
    opened: list[bytes] = []
    answers = by_path(
        hash_candidates(SlowSource(opened.append), [sampled, Candidate(SOURCE.stat(new))], readers=1)
    )
    assert opened == [new]
    assert answers[new].content_hash is None


def test_many_files_that_agree_at_both_ends_are_each_read_through(tmp_path: Path) -> None:
    paths = set()
    for n in range(40):
        content = bytearray(WHOLE + 1000)
        content[WHOLE // 2 + 500] = n // 2
        paths.add(write(tmp_path / str(n), bytes(content)))
    groups = both(tmp_path)
    assert len(groups) == 20
    assert set().union(*groups) == paths


@pytest.mark.parametrize("source", [SOURCE, SlowSource()])
def test_cancelling_ends_the_iteration_inside_a_file(tmp_path: Path, source: Source) -> None:
    for name in "ab":
        write(tmp_path / name, bytes(8 * STEP))
    read: list[int] = []
    answers = list(
        hash_candidates(
            source,
            map(Candidate, found(tmp_path)),
            readers=2,
            cancelled=lambda: sum(read) >= 2 * STEP,
            on_bytes=read.append,
        )
    )
    assert answers == []
    assert sum(read) < 16 * STEP


def test_a_paused_reader_reads_nothing_until_it_goes_on(tmp_path: Path) -> None:
    for name in "ab":
        write(tmp_path / name, bytes(2 * STEP))
    asked, go_on = threading.Event(), threading.Event()

    def paused() -> bool:
        asked.set()
        go_on.wait()
        return False

    answers: list[Hashed] = []
    opened: list[bytes] = []
    hashing = hash_candidates(
        SlowSource(opened.append), map(Candidate, found(tmp_path)), readers=1, cancelled=paused
    )
    thread = threading.Thread(target=lambda: answers.extend(hashing))
    thread.start()
    asked.wait()
    assert opened == []
    go_on.set()
    thread.join()
    assert len({one.content_hash for one in answers}) == 1


def test_leaving_the_iteration_stops_the_readers(tmp_path: Path) -> None:
    for n in range(300):
        write(tmp_path / str(n), b"x")
    hashing = hash_candidates(SlowSource(), map(Candidate, found(tmp_path)), readers=4)
    next(hashing)
    hashing.close()  # type: ignore[attr-defined]  # an Iterator that is a generator
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("reader-")]


def test_an_error_nobody_foresaw_is_raised_where_the_answers_are_read(tmp_path: Path) -> None:
    def fail(_path: bytes) -> None:
        raise ZeroDivisionError

    for name in "ab":
        write(tmp_path / name, b"x")
    with pytest.raises(ZeroDivisionError):
        list(hash_candidates(SlowSource(fail), map(Candidate, found(tmp_path)), readers=2))


@pytest.fixture
def small_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[SmallFile]:
    """Three turns of small files, one of which has vanished and one grown; enough for processes."""
    monkeypatch.setattr(forked, "_FEW", 0)
    for n in range(300):
        write(tmp_path / f"{n:03}", b"%d" % (n % 100))
    looked = {path: path.stat() for path in sorted(tmp_path.iterdir())}
    (tmp_path / "007").unlink()
    write(tmp_path / "200", b"longer than it was")
    return [(st.st_dev, st.st_ino, st.st_size, st.st_mtime_ns, os.fsencode(p)) for p, st in looked.items()]


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize(("processes", "threads"), [(1, 1), (2, 1), (3, 2), (1, 4)])
def test_several_processes_give_the_answers_of_one(
    small_files: list[SmallFile], processes: int, threads: int, ahead: bool
) -> None:
    want = wholefiles.hash_whole(small_files)
    assert [(n, answer) for n, answer in enumerate(want) if isinstance(answer, int)] == [
        (7, errno.ENOENT),
        (200, wholefiles.CHANGED),
    ]
    assert hash_forked(small_files, processes=processes, threads=threads, ahead=ahead) == want


def test_what_a_killed_process_leaves_is_read_by_the_other(
    small_files: list[SmallFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = os.getpid()
    taken = forked._Table._take_turns

    def killed_in_the_child(table: forked._Table) -> None:
        if os.getpid() != parent:
            os.read(table._turns, 4)
            os._exit(9)
        taken(table)

    monkeypatch.setattr(forked._Table, "_take_turns", killed_in_the_child)
    assert hash_forked(small_files, processes=3, threads=1) == wholefiles.hash_whole(small_files)


@pytest.mark.parametrize("on_disk", [True, False, None])
def test_the_cache_decides_how_many_read_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_disk: bool | None
) -> None:
    paths = {write(tmp_path / name, os.urandom(10) if name > "m" else b"x" * 10) for name in "abcxyz"}
    monkeypatch.setattr(exact_tree, "in_memory", lambda path: None if on_disk is None else not on_disk)
    assert groups_of_report(find_exact([os.fsencode(tmp_path)])) == {
        frozenset(path for path in paths if path[-1:] in b"abc")
    }


content = st.sampled_from([0, 1, 2, 700, WHOLE - 1, WHOLE, WHOLE + 1, WHOLE + 700]).flatmap(
    lambda size: st.builds(
        lambda at, value: bytes(at % size) + bytes([value]) + bytes(size - at % size - 1) if size else b"",
        st.sampled_from([0, 1, 350, SAMPLE, SAMPLE + 350, WHOLE]),
        st.integers(0, 2),
    )
)
entry = st.tuples(
    st.sampled_from(["file", "file", "file", "hard link", "symlink"]), st.integers(0, 5), content
)


@given(st.lists(entry, max_size=14))
def test_any_tree_gives_the_groups_that_comparing_everything_gives(
    tree: list[tuple[str, int, bytes]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(os.path.realpath(name))
        made: list[Path] = []
        for number, (kind, folder, body) in enumerate(tree):
            path = root / "/".join("abc"[: folder % 4]) / f"{number}.mkv"
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == "hard link" and made:
                path.hardlink_to(made[folder % len(made)])
            elif kind == "symlink" and made:
                path.symlink_to(made[folder % len(made)])
                continue
            else:
                path.write_bytes(body)
            made.append(path)
        assert both(root) == naive(root)
