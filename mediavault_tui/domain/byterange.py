"""Which bytes of a file a request is answered with: RFC 9110's conditions and ranges, as arithmetic.

Positions are bytes from 0; a range's `stop` is the first byte that is not sent. Times are
whole seconds since 1970, which is all that HTTP's dates can say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MOST_RANGES = 16
"""Ranges in one request; nobody who plays a film asks for more."""
MOST_OVERLAPS = 2
"""Ranges that may share one byte; more is an attack (RFC 9110, section 14.2)."""

_RANGES = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(.*)", re.DOTALL)
_SPEC = re.compile(r"(\d*)-(\d*)", re.ASCII)
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_ONE_TAG = re.compile(_TAG)
_TAGS = re.compile(rf"[ \t,]*{_TAG}(?:[ \t]*,[ \t,]*{_TAG})*[ \t,]*")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = "|".join(_MONTHS)
_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_DATES = (
    re.compile(
        r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), "
        rf"(?P<day>\d\d) (?P<month>{_MONTH}) (?P<year>\d{{4}}) {_CLOCK} GMT",
        re.ASCII,
    ),
    re.compile(
        r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, "
        rf"(?P<day>\d\d)-(?P<month>{_MONTH})-(?P<year>\d\d) {_CLOCK} GMT",
        re.ASCII,
    ),
    re.compile(
        r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) "
        rf"(?P<month>{_MONTH}) (?P<day>[\d ]\d) {_CLOCK} (?P<year>\d{{4}})",
        re.ASCII,
    ),
)
"""HTTP's three forms of a date (RFC 9110, section 5.6.7)."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes from `start` up to, not with, `stop`; never empty."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """Bytes."""
        return self.stop - self.start

    def content_range(self, size: int) -> str:
        """Return the Content-Range of this part of `size` bytes."""
        return f"bytes {self.start}-{self.stop - 1}/{size}"


@dataclass(frozen=True, slots=True)
class Representation:
    """What there is to send. `etag` is strong, with its quotes; `modified` in seconds since 1970."""

    size: int
    etag: str
    modified: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and the bytes that go with it: 200 whole, 206 parts, 304, 412 and 416 none.

    206 with one range is sent as it is, with more as `multipart/byteranges`.
    """

    status: int
    ranges: tuple[ByteRange, ...] = ()


def answer(method: str, headers: Mapping[str, str], what: Representation, *, now: int) -> Answer:
    """Return how a GET or HEAD with these headers (found whatever their case) is answered.

    `now`: seconds since 1970; a date so close to it proves nothing.
    Source: RFC 9110, sections 13.2.2 (order of the conditions) and 14.2.
    """
    if (wanted := headers.get("If-Match")) is not None:
        if not _matches(wanted, what.etag, strong=True):
            return Answer(412)
    elif (since := _date(headers.get("If-Unmodified-Since"), now)) is not None and what.modified > since:
        return Answer(412)
    if (unwanted := headers.get("If-None-Match")) is not None:
        if _matches(unwanted, what.etag, strong=False):
            return Answer(304)
    elif (since := _date(headers.get("If-Modified-Since"), now)) is not None and what.modified <= since:
        return Answer(304)
    asked = headers.get("Range")
    if method != "GET" or asked is None or not _same_as_before(headers.get("If-Range"), what, now):
        return Answer(200)
    return ranged(asked, what.size)


def ranged(header: str, size: int) -> Answer:
    """Return how a Range header is answered for `size` bytes.

    A unit that we do not know and what is no range at all are ignored (200); a range
    none of whose bytes exist, too many, or too many over each other are refused (416).
    Source: RFC 9110, sections 14.1.1, 14.1.2, 14.2 and 15.5.17.
    """
    match = _RANGES.fullmatch(header.strip(" \t"))
    if match is None or match[1].lower() != "bytes":
        return Answer(200)
    specs = [spec for part in match[2].split(",") if (spec := part.strip(" \t"))]
    if len(specs) > MOST_RANGES:
        return Answer(416)
    ranges = []
    for spec in specs:
        found = _SPEC.fullmatch(spec)
        if found is None or found.groups() == ("", ""):
            return Answer(200)
        first, last = found.groups()
        if first and last and _number(last) < _number(first):
            return Answer(200)
        if first:
            start, stop = _number(first), min(_number(last) + 1, size) if last else size
        elif size == 0 and _number(last):
            return Answer(200)  # satisfied by nothing at all, which no Content-Range can say
        else:
            start, stop = max(size - _number(last), 0), size
        if start < stop:
            ranges.append(ByteRange(start, stop))
    if not specs:
        return Answer(200)
    if not ranges or _overlaps(ranges) > MOST_OVERLAPS:
        return Answer(416)
    return Answer(206, tuple(_joined(ranges)))


def multipart(
    ranges: Sequence[ByteRange], size: int, *, content_type: str, boundary: str
) -> tuple[list[bytes], bytes, int]:
    """Return the head of each part, what closes the last one, and the length of it all in bytes.

    `boundary` must be a thing of chance: it may not occur in the file.
    Source: RFC 9110, section 14.6; RFC 2046, section 5.1.1.
    """
    heads = [
        f"\r\n--{boundary}\r\nContent-Type: {content_type}\r\n"
        f"Content-Range: {part.content_range(size)}\r\n\r\n".encode()
        for part in ranges
    ]
    heads[0] = heads[0][2:]
    end = f"\r\n--{boundary}--\r\n".encode()
    return heads, end, sum(map(len, heads)) + sum(part.length for part in ranges) + len(end)


def http_date(seconds: int) -> str:
    """Return the time as Last-Modified and Expires say it."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    return f"{day}, {moment:%d} {_MONTHS[moment.month - 1]} {moment:%Y %H:%M:%S} GMT"


def _number(digits: str) -> int:
    """Return a position; one of absurd length counts as beyond every file."""
    digits = digits.lstrip("0")
    return int(digits or "0") if len(digits) < 20 else 10**20


def _same_as_before(header: str | None, what: Representation, now: int) -> bool:
    """Return whether If-Range (section 13.1.5) lets the range count: only if the file is proved the same."""
    if header is None:
        return True
    value = header.strip(" \t")
    if _ONE_TAG.fullmatch(value):
        return value == what.etag  # a weak tag is never equal
    # A date proves something only if nothing could change within the same second.
    return _date(value, now) == what.modified and what.modified < now


def _matches(header: str, etag: str, *, strong: bool) -> bool:
    """Compare a list of entity tags, or `*`, with ours (sections 13.1.1 and 13.1.2)."""
    if header.strip(" \t") == "*":
        return True
    if not _TAGS.fullmatch(header):
        return False
    tags = _ONE_TAG.findall(header)
    return etag in (tags if strong else [tag.removeprefix("W/") for tag in tags])


def _date(header: str | None, now: int) -> int | None:
    """Return an HTTP date in seconds since 1970; None for what is none (sections 5.6.7, 13.1.3)."""
    for form in _DATES:
        if header is not None and (found := form.fullmatch(header.strip(" \t"))):
            break
    else:
        return None
    year = int(found["year"])
    if len(found["year"]) == 2:
        this_year = datetime.fromtimestamp(now, UTC).year
        year += this_year // 100 * 100
        if year > this_year + 50:
            year -= 100
        elif year <= this_year - 50:
            year += 100
    try:
        moment = datetime(
            year,
            _MONTHS.index(found["month"]) + 1,
            int(found["day"]),
            int(found["hour"]),
            int(found["minute"]),
            min(int(found["second"]), 59),  # a leap second is the end of its minute
            tzinfo=UTC,
        )
    except ValueError:
        return None
    return int(moment.timestamp())


def _overlaps(ranges: Sequence[ByteRange]) -> int:
    """Return how many of the ranges share the most wanted byte."""
    edges = sorted([(part.start, 1) for part in ranges] + [(part.stop, -1) for part in ranges])
    most = depth = 0
    for _, step in edges:  # at one position the ends come before the beginnings
        depth += step
        most = max(most, depth)
    return most


def _joined(ranges: Sequence[ByteRange]) -> list[ByteRange]:
    """Make one of ranges that overlap or touch; each stands where its first part was asked for."""
    joined: list[ByteRange] = []
    for part in ranges:
        start, stop, place = part.start, part.stop, len(joined)
        while True:
            touching = [i for i, other in enumerate(joined) if other.start <= stop and start <= other.stop]
            if not touching:
                break
            place = min(place, *touching)
            start = min(start, *(joined[i].start for i in touching))
            stop = max(stop, *(joined[i].stop for i in touching))
            joined = [other for i, other in enumerate(joined) if i not in touching]
        joined.insert(place, ByteRange(start, stop))
    return joined
