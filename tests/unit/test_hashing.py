"""probe/hashing.py and probe/wholefiles.py on real files."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import threading
from collections import Counter
from pathlib import Path

import pytest
from xxhash import xxh3_128_digest

from mediavault_tui.errors import SourceChanged
from mediavault_tui.probe import wholefiles
from mediavault_tui.probe.hashing import (
    SAMPLE,
    STEP,
    WHOLE,
    Interrupted,
    content_hash,
    new_buffer,
    sample_hash,
)
from mediavault_tui.probe.wholefiles import CHANGED, SmallFile, hash_whole, in_memory
from mediavault_tui.sources.local.source import LocalSource

SOURCE = LocalSource()


def written(path: Path, content: bytes | bytearray) -> bytes:
    path.write_bytes(content)
    return os.fsencode(path)


def looked_at(path: bytes) -> SmallFile:
    st = os.lstat(path)
    return st.st_dev, st.st_ino, st.st_size, st.st_mtime_ns, path


def noise(size: int, seed: int = 1) -> bytes:
    pattern = bytes((i * 31 + seed) % 251 for i in range(min(size, 100_003)))
    return (pattern * (size // max(len(pattern), 1) + 1))[:size]


@pytest.mark.parametrize("size", [0, 1, 4095, WHOLE, WHOLE + 1, STEP - 1, STEP, STEP + 1, 2 * STEP + 17])
def test_the_content_hash_is_xxh3_128_of_every_byte(tmp_path: Path, size: int) -> None:
    content = noise(size)
    with SOURCE.open(written(tmp_path / "a", content)) as reader:
        assert content_hash(reader) == xxh3_128_digest(content)


@pytest.mark.parametrize("size", [0, 1, SAMPLE, WHOLE - 1, WHOLE])
def test_the_sample_of_a_small_file_is_its_content_hash(tmp_path: Path, size: int) -> None:
    with SOURCE.open(written(tmp_path / "a", noise(size))) as reader:
        assert sample_hash(reader) == content_hash(reader)


@pytest.mark.parametrize("size", [WHOLE + 1, WHOLE + 5000, 3 * WHOLE])
def test_the_sample_of_a_large_file_is_its_head_and_its_tail(tmp_path: Path, size: int) -> None:
    content = noise(size)
    with SOURCE.open(written(tmp_path / "a", content)) as reader:
        assert sample_hash(reader) == xxh3_128_digest(content[:SAMPLE] + content[-SAMPLE:])


def test_a_difference_in_the_middle_shows_in_the_content_and_not_in_the_sample(tmp_path: Path) -> None:
    content = bytearray(noise(3 * WHOLE))
    with SOURCE.open(written(tmp_path / "a", content)) as a:
        content[SAMPLE + 1] ^= 1
        with SOURCE.open(written(tmp_path / "b", content)) as b:
            assert sample_hash(a) == sample_hash(b)
            assert content_hash(a) != content_hash(b)


def test_cancelling_stops_inside_the_file(tmp_path: Path) -> None:
    read: list[int] = []
    with SOURCE.open(written(tmp_path / "a", noise(3 * STEP))) as reader, pytest.raises(Interrupted):
        content_hash(reader, cancelled=lambda: len(read) == 1, on_bytes=read.append)
    assert read == [STEP]


def test_the_bytes_told_are_the_bytes_of_the_file(tmp_path: Path) -> None:
    read: list[int] = []
    with SOURCE.open(written(tmp_path / "a", noise(2 * STEP + 5))) as reader:
        content_hash(reader, on_bytes=read.append)
    assert read == [STEP, STEP, 5]


def test_a_file_that_shrinks_while_it_is_read_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = written(tmp_path / "film.mkv", noise(2 * STEP))
    with SOURCE.open(path) as reader, pytest.raises(SourceChanged, match=r"film\.mkv changed while"):
        content_hash(reader, on_bytes=lambda _: os.truncate(path, 10))


def test_a_file_that_grows_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path / "a", noise(STEP))
    with SOURCE.open(path) as reader, pytest.raises(SourceChanged):
        content_hash(reader, on_bytes=lambda _: os.truncate(path, STEP + 1))


def test_a_file_rewritten_in_place_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path / "a", noise(STEP))
    with SOURCE.open(path) as reader, pytest.raises(SourceChanged):
        content_hash(reader, on_bytes=lambda _: os.utime(path, (1, 1)))


@pytest.mark.parametrize("size", [1, 5000, WHOLE, WHOLE + 1, STEP])
def test_buffers_begin_at_a_page(size: int) -> None:
    buffer = new_buffer(size)
    assert len(buffer) == size
    assert ctypes.addressof(ctypes.c_char.from_buffer(buffer)) % mmap.PAGESIZE == 0


def test_small_files_are_hashed_whole(tmp_path: Path) -> None:
    contents = [noise(size, seed) for seed, size in enumerate([1, 100, 4096, WHOLE - 1, WHOLE] * 20)]
    files = [looked_at(written(tmp_path / str(n), content)) for n, content in enumerate(contents)]
    assert hash_whole(files) == [xxh3_128_digest(content) for content in contents]


def test_what_cannot_be_opened_answers_with_its_errno(tmp_path: Path) -> None:
    gone = looked_at(written(tmp_path / "gone", b"x"))
    (tmp_path / "gone").unlink()
    there = looked_at(written(tmp_path / "there", b"y"))
    (tmp_path / "link").symlink_to("there")
    link = (*there[:4], os.fsencode(tmp_path / "link"))
    assert hash_whole([gone, there, link]) == [errno.ENOENT, xxh3_128_digest(b"y"), errno.ELOOP]


@pytest.mark.parametrize("change", ["grow", "shrink", "rewrite", "replace"])
def test_a_small_file_that_is_not_what_it_was_has_no_hash(tmp_path: Path, change: str) -> None:
    path = tmp_path / "a"
    before = looked_at(written(path, b"0123456789"))
    if change == "grow":
        path.write_bytes(b"0123456789ab")
    elif change == "shrink":
        path.write_bytes(b"01234")
    elif change == "rewrite":
        path.write_bytes(b"9876543210")
        os.utime(path, ns=(before[3] + 1, before[3] + 1))
    else:
        other = tmp_path / "b"
        other.write_bytes(b"0123456789")
        os.utime(other, ns=(before[3], before[3]))
        other.replace(path)
    assert hash_whole([before]) == [CHANGED]


def test_a_named_pipe_that_takes_a_files_place_hangs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a"
    before = looked_at(written(path, b"0123456789"))
    path.unlink()
    os.mkfifo(path)
    assert hash_whole([before]) == [CHANGED]


@pytest.mark.parametrize("count", [1, 31, 32, 33, 64, 100])
def test_files_fetched_ahead_give_the_same_answers(tmp_path: Path, count: int) -> None:
    files = [looked_at(written(tmp_path / f"{n:03}", noise(n * 500, n))) for n in range(count)]
    os.unlink(files[0][4])
    if count > 33:
        os.truncate(files[33][4], 5)
        os.unlink(files[32][4])
        os.mkfifo(files[32][4])
    before = os.listdir("/dev/fd")
    answers = hash_whole(files, ahead=True)
    assert answers == hash_whole(files)
    assert answers[0] == errno.ENOENT
    assert [type(answer) for answer in answers[1:32]] == [bytes] * len(answers[1:32])
    assert answers[32:34] == [CHANGED] * len(answers[32:34]) or count <= 33
    assert os.listdir("/dev/fd") == before


@pytest.mark.parametrize("ahead", [False, True])
def test_no_file_stays_open_when_reading_ends_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: bool
) -> None:
    files = [looked_at(written(tmp_path / str(n), b"%d" % n)) for n in range(200)]
    before = os.listdir("/dev/fd")
    hash_whole(files, ahead=ahead, cancelled=lambda: True)
    assert os.listdir("/dev/fd") == before

    def broken(_content: memoryview) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(wholefiles, "xxh3_128_digest", broken)
    with pytest.raises(ZeroDivisionError):
        hash_whole(files, ahead=ahead)
    assert os.listdir("/dev/fd") == before


@pytest.mark.skipif(not wholefiles.FETCHES_AHEAD, reason="the system fetches nothing ahead")
def test_a_file_is_asked_for_before_an_earlier_one_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [looked_at(written(tmp_path / f"{n:03}", b"%d" % n)) for n in range(96)]
    asked: list[int] = []
    when_read: list[int] = []
    advise, read = os.posix_fadvise, os.readv

    def noted(handle: int, offset: int, length: int, advice: int) -> None:
        asked.append(handle)
        advise(handle, offset, length, advice)

    def counted(handle: int, into: tuple[memoryview]) -> int:
        when_read.append(len(asked))
        return read(handle, into)

    monkeypatch.setattr(os, "posix_fadvise", noted)
    monkeypatch.setattr(os, "readv", counted)
    hash_whole(files, ahead=True)
    assert when_read == [64] * 32 + [96] * 64
    asked.clear()
    hash_whole(files)
    assert asked == []


def test_a_small_file_costs_at_most_four_system_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [looked_at(written(tmp_path / str(n), b"%d" % n)) for n in range(320)]
    calls: Counter[str] = Counter()
    for name in ("open", "readv", "fstat", "close", "closerange"):
        real = getattr(os, name)

        def counted(*args: object, name: str = name, real: object = real) -> object:
            calls[name] += 1
            return real(*args)  # type: ignore[operator]  # one of five functions of os

        monkeypatch.setattr(os, name, counted)
    hash_whole(files)
    monkeypatch.undo()
    assert calls["open"] == calls["readv"] == calls["fstat"] == len(files)
    assert calls.total() <= 4 * len(files)


def test_threads_that_hash_at_once_close_only_their_own_files(tmp_path: Path) -> None:
    files = [looked_at(written(tmp_path / str(n), b"%d" % n)) for n in range(200)]
    want = [xxh3_128_digest(b"%d" % n) for n in range(200)]
    got: list[bool] = []

    def read_again_and_again() -> None:
        got.append(all(hash_whole(files) == want for _ in range(10)))

    threads = [threading.Thread(target=read_again_and_again) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [True] * 6


def test_what_lies_in_the_gaps_between_our_numbers_stays_open() -> None:
    a, b, c, d, e, f = (fcntl.fcntl(0, fcntl.F_DUPFD, 700 + n) for n in range(6))
    wholefiles._close([-errno.ENOENT, a, f, c, d])
    for handle in (b, e):
        os.fstat(handle)
    for handle in (a, c, d, f):
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(handle)
    os.close(b)
    os.close(e)


def test_cancelled_small_files_come_back_short(tmp_path: Path) -> None:
    files = [looked_at(written(tmp_path / str(n), b"%d" % n)) for n in range(100)]
    assert len(hash_whole(files, cancelled=lambda: True)) == 32


def test_a_file_just_written_is_in_memory_where_the_system_tells(tmp_path: Path) -> None:
    assert in_memory(written(tmp_path / "a", b"x" * 5000)) is not False
    assert in_memory(os.fsencode(tmp_path / "missing")) is None
