"""Ranges and conditions by RFC 9110: a table of cases, and a naive model for random ranges."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from mediavault_tui.domain.byterange import (
    MOST_RANGES,
    Answer,
    ByteRange,
    Representation,
    answer,
    http_date,
    multipart,
    ranged,
)

MODIFIED = 784_111_777  # Sun, 06 Nov 1994 08:49:37 GMT, as the RFC has it
NOW = MODIFIED + 3600
WHAT = Representation(size=1000, etag='"abc"', modified=MODIFIED)
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
EARLIER, LATER = "Sun, 06 Nov 1994 08:49:36 GMT", "Sun, 06 Nov 1994 08:49:38 GMT"

WHOLE, NOTHING = (200, []), (416, [])

RANGES = [
    # header, size → status and the ranges as (start, stop)
    ("bytes=0-499", 1000, (206, [(0, 500)])),
    ("bytes=500-999", 1000, (206, [(500, 1000)])),
    ("bytes=0-0", 1000, (206, [(0, 1)])),
    ("bytes=999-999", 1000, (206, [(999, 1000)])),
    ("bytes=0-", 1000, (206, [(0, 1000)])),
    ("bytes=999-", 1000, (206, [(999, 1000)])),
    ("bytes=500-10000", 1000, (206, [(500, 1000)])),
    ("bytes=-500", 1000, (206, [(500, 1000)])),
    ("bytes=-1", 1000, (206, [(999, 1000)])),
    ("bytes=-10000", 1000, (206, [(0, 1000)])),
    ("BYTES=0-1", 1000, (206, [(0, 2)])),
    ("  bytes=0-1\t", 1000, (206, [(0, 2)])),
    ("bytes= 0-1 ", 1000, (206, [(0, 2)])),
    ("bytes=00000000000000000000000000-1", 1000, (206, [(0, 2)])),
    # unsatisfiable
    ("bytes=1000-", 1000, NOTHING),
    ("bytes=1000-2000", 1000, NOTHING),
    ("bytes=-0", 1000, NOTHING),
    ("bytes=2000-,-0", 1000, NOTHING),
    (f"bytes={10**40}-", 1000, NOTHING),
    ("bytes=0-", 0, NOTHING),
    ("bytes=0-0", 0, NOTHING),
    ("bytes=-0", 0, NOTHING),
    ("bytes=-5", 0, WHOLE),  # satisfied by nothing at all
    # no range, or another unit: ignored
    ("foo=0-1", 1000, WHOLE),
    ("bytes", 1000, WHOLE),
    ("bytes=", 1000, WHOLE),
    ("bytes=,", 1000, WHOLE),
    ("bytes=-", 1000, WHOLE),
    ("bytes=a-b", 1000, WHOLE),
    ("bytes=5-3", 1000, WHOLE),
    ("bytes=0-1,5-3", 1000, WHOLE),
    ("bytes=0-1,x", 1000, WHOLE),
    ("bytes=--1", 1000, WHOLE),
    ("bytes=1-2-3", 1000, WHOLE),
    ("bytes 0-1", 1000, WHOLE),
    ("bytes=0 - 1", 1000, WHOLE),
    ("bytes=+0-1", 1000, WHOLE),
    ("bytes=٣-٤", 1000, WHOLE),
    ("bytes=0-1\r\nX: y", 1000, WHOLE),
    ("", 1000, WHOLE),
    # several
    ("bytes=0-0,-1", 1000, (206, [(0, 1), (999, 1000)])),
    ("bytes=900-,0-9", 1000, (206, [(900, 1000), (0, 10)])),
    ("bytes=0-1,,4-5,", 1000, (206, [(0, 2), (4, 6)])),
    ("bytes=0-1 ,\t4-5", 1000, (206, [(0, 2), (4, 6)])),
    ("bytes=0-1,2000-", 1000, (206, [(0, 2)])),
    ("bytes=0-99,50-149", 1000, (206, [(0, 150)])),
    ("bytes=0-99,100-149", 1000, (206, [(0, 150)])),
    ("bytes=500-599,0-9,590-699", 1000, (206, [(500, 700), (0, 10)])),
    ("bytes=0-9,20-29,10-19", 1000, (206, [(0, 30)])),
    ("bytes=0-,0-", 1000, (206, [(0, 1000)])),
    ("bytes=0-,0-,0-", 1000, NOTHING),
    ("bytes=" + ",".join(f"{n}-{n}" for n in range(0, 2 * MOST_RANGES, 2)), 1000,
     (206, [(n, n + 1) for n in range(0, 2 * MOST_RANGES, 2)])),
    ("bytes=" + ",".join(f"{n}-{n}" for n in range(0, 2 * MOST_RANGES + 2, 2)), 1000, NOTHING),
    ("bytes=" + ",".join(["0-0"] * 10_000), 1000, NOTHING),
]  # fmt: skip


@pytest.mark.parametrize(("header", "size", "expected"), RANGES)
def test_a_range_header(header: str, size: int, expected: tuple[int, list[tuple[int, int]]]) -> None:
    got = ranged(header, size)
    assert (got.status, [(part.start, part.stop) for part in got.ranges]) == expected


R = "bytes=0-9"
CONDITIONS = [
    # method, headers → status
    ("GET", {}, 200),
    ("HEAD", {}, 200),
    ("GET", {"Range": R}, 206),
    ("HEAD", {"Range": R}, 200),  # ranges are defined for GET alone
    # If-Range: the range counts only if the file is proved the same
    ("GET", {"Range": R, "If-Range": '"abc"'}, 206),
    ("GET", {"Range": R, "If-Range": '"other"'}, 200),
    ("GET", {"Range": R, "If-Range": 'W/"abc"'}, 200),
    ("GET", {"Range": R, "If-Range": DATE}, 206),
    ("GET", {"Range": R, "If-Range": EARLIER}, 200),
    ("GET", {"Range": R, "If-Range": LATER}, 200),
    ("GET", {"Range": R, "If-Range": "nonsense"}, 200),
    ("GET", {"Range": R, "If-Range": 'abc'}, 200),
    ("GET", {"If-Range": '"other"'}, 200),
    ("GET", {"Range": "bytes=5000-", "If-Range": '"other"'}, 200),
    ("GET", {"Range": "bytes=5000-", "If-Range": '"abc"'}, 416),
    # If-None-Match goes before ranges and dates; weak tags count
    ("GET", {"If-None-Match": '"abc"'}, 304),
    ("HEAD", {"If-None-Match": '"abc"'}, 304),
    ("GET", {"If-None-Match": 'W/"abc"'}, 304),
    ("GET", {"If-None-Match": '"x", "abc"'}, 304),
    ("GET", {"If-None-Match": '"x","y"'}, 200),
    ("GET", {"If-None-Match": "*"}, 304),
    ("GET", {"If-None-Match": "abc"}, 200),
    ("GET", {"If-None-Match": '"abc', "Range": R}, 206),
    ("GET", {"If-None-Match": '"abc"', "Range": R}, 304),
    ("GET", {"If-None-Match": '"x"', "Range": R}, 206),
    ("GET", {"If-None-Match": '"x"', "If-Modified-Since": LATER}, 200),
    ("GET", {"If-None-Match": '"abc"', "If-Modified-Since": EARLIER}, 304),
    # If-Modified-Since
    ("GET", {"If-Modified-Since": DATE}, 304),
    ("HEAD", {"If-Modified-Since": LATER}, 304),
    ("GET", {"If-Modified-Since": EARLIER}, 200),
    ("GET", {"If-Modified-Since": "Sunday, 06-Nov-94 08:49:37 GMT"}, 304),
    ("GET", {"If-Modified-Since": "Sunday, 06-Nov-94 08:49:36 GMT"}, 200),
    ("GET", {"If-Modified-Since": "Sun Nov  6 08:49:37 1994"}, 304),
    ("GET", {"If-Modified-Since": "Sun Nov  6 08:49:36 1994"}, 200),
    ("GET", {"If-Modified-Since": "Sun, 31 Feb 1995 00:00:00 GMT"}, 200),
    ("GET", {"If-Modified-Since": "yesterday"}, 200),
    ("GET", {"If-Modified-Since": "Sun, 06 Nov 1994 08:49:37 +0000"}, 200),
    # If-Match and If-Unmodified-Since go before everything
    ("GET", {"If-Match": '"abc"'}, 200),
    ("GET", {"If-Match": '"abc"', "Range": R}, 206),
    ("GET", {"If-Match": "*"}, 200),
    ("GET", {"If-Match": 'W/"abc"'}, 412),
    ("GET", {"If-Match": '"x"', "If-None-Match": '"abc"', "Range": R}, 412),
    ("GET", {"If-Match": '"abc"', "If-Unmodified-Since": EARLIER}, 200),
    ("GET", {"If-Unmodified-Since": EARLIER, "Range": R}, 412),
    ("GET", {"If-Unmodified-Since": DATE, "Range": R}, 206),
    ("GET", {"If-Unmodified-Since": "nonsense"}, 200),
]  # fmt: skip


@pytest.mark.parametrize(("method", "headers", "status"), CONDITIONS)
def test_a_condition(method: str, headers: Mapping[str, str], status: int) -> None:
    assert answer(method, CIMultiDict(headers), WHAT, now=NOW).status == status


def test_a_date_of_this_very_second_proves_nothing() -> None:
    headers = {"Range": R, "If-Range": DATE}
    assert answer("GET", headers, WHAT, now=MODIFIED).status == 200
    assert answer("GET", headers, WHAT, now=MODIFIED + 1).status == 206


def test_a_year_of_two_digits_is_never_far_in_the_future() -> None:
    headers = {"If-Modified-Since": "Sunday, 06-Nov-94 08:49:37 GMT"}
    assert answer("GET", headers, WHAT, now=MODIFIED + 40 * 31_557_600).status == 304
    long_after = {"If-Modified-Since": "Sunday, 06-Nov-34 08:49:37 GMT"}
    assert answer("GET", long_after, WHAT, now=NOW).status == 304  # 2034, not 1934


@given(st.integers(0, 4_102_444_800))
def test_a_date_is_read_as_it_is_written(seconds: int) -> None:
    what = Representation(1, '"e"', seconds)
    assert answer("GET", {"If-Modified-Since": http_date(seconds)}, what, now=seconds).status == 304
    assert answer("GET", {"If-Modified-Since": http_date(seconds - 1)}, what, now=seconds).status == 200


def naive(header: str, size: int) -> set[int]:
    """The bytes that a valid set of ranges asks for, one by one."""
    wanted: set[int] = set()
    for spec in header.removeprefix("bytes=").split(","):
        first, _, last = spec.partition("-")
        for position in range(size):
            if first and position >= int(first) and (not last or position <= int(last)):
                wanted.add(position)
            if not first and position >= size - int(last):
                wanted.add(position)
    return wanted


positions = st.integers(0, 70)
specs = st.one_of(
    st.tuples(positions, positions).map(lambda ends: f"{min(ends)}-{max(ends)}"),
    positions.map(lambda first: f"{first}-"),
    positions.map(lambda last: f"-{last}"),
)


@given(st.lists(specs, min_size=1, max_size=6), st.integers(0, 64))
def test_the_ranges_hold_just_the_bytes_that_were_asked_for(asked: list[str], size: int) -> None:
    header = "bytes=" + ",".join(asked)
    got = ranged(header, size)
    wanted = naive(header, size)
    if got.status == 206:
        sent = [position for part in got.ranges for position in range(part.start, part.stop)]
        assert sorted(sent) == sorted(wanted), "no byte twice, none missing, none too many"
        ends = sorted((part.start, part.stop) for part in got.ranges)
        assert all(before[1] < after[0] for before, after in pairwise(ends))
    elif got.status == 416:
        depth = [sum(p in naive(f"bytes={spec}", size) for spec in asked) for p in range(size)]
        assert not wanted or max(depth) > 2
    else:
        assert size == 0


@given(st.text(max_size=60) | st.text("bytes=-,0123456789 \t", max_size=60), st.integers(0, 100))
def test_no_header_whatever_makes_it_fail_or_leave_the_file(header: str, size: int) -> None:
    got = ranged(header, size)
    assert got.status in (200, 206, 416)
    assert (got.status == 206) == bool(got.ranges)
    assert all(0 <= part.start < part.stop <= size for part in got.ranges)


@given(st.sets(st.integers(0, 50), min_size=2, max_size=12), st.data())
def test_a_multipart_answer_is_as_long_as_it_says(edges: set[int], data: st.DataObject) -> None:
    marks = sorted(edges)
    ranges = [ByteRange(a, b) for a, b in zip(marks[::2], marks[1::2], strict=False)]
    content = bytes(range(64))
    heads, end, length = multipart(ranges, 64, content_type="video/mp4", boundary="xyz")
    body = b"".join(
        [*[head + content[part.start : part.stop] for head, part in zip(heads, ranges, strict=True)], end]
    )
    assert len(body) == length
    parts = re.findall(
        rb"--xyz\r\nContent-Type: video/mp4\r\nContent-Range: bytes (\d+)-(\d+)/64\r\n\r\n", body
    )
    assert parts == [(str(p.start).encode(), str(p.stop - 1).encode()) for p in ranges]
    assert body.endswith(b"\r\n--xyz--\r\n")


def test_an_answer_without_ranges_holds_none() -> None:
    assert Answer(200).ranges == ()
