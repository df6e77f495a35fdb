"""Rows in PostgreSQL's binary form for COPY, made where the values are: in any process.

One row is the number of its fields, then each field's length and bytes. The server reads it
in less than half the time of the text form, and what is bytes here stays bytes on the way.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from datetime import date

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""Signature, no flags, no extension."""
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
"""A field without a value."""
YES, NO = b"\0\0\0\x01\x01", b"\0\0\0\x01\0"
"""Truth values as fields."""

_length = struct.Struct(">i").pack
_fields = struct.Struct(">h").pack
_small = struct.Struct(">ih").pack
_whole = struct.Struct(">ii").pack
_long = struct.Struct(">iq").pack
_words = struct.Struct(">ii").pack
_array = struct.Struct(">5i").pack
_INTEGER, _TEXT, _BYTES = 23, 25, 17
"""PostgreSQL's numbers of its types, the same in every version."""
_EPOCH = date(2000, 1, 1)
_WORD_END = "\0\0\0"
"""Ends a word in a tsvector: a zero byte, and a count of no positions."""


async def stream(rows: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Yield chunks of whole rows as COPY takes them, with what goes before and after."""
    yield HEADER
    async for chunk in rows:
        yield chunk
    yield TRAILER


def fields(count: int) -> bytes:
    """Return what a row of so many fields begins with."""
    return _fields(count)


def raw(value: bytes | None) -> bytes:
    """Return bytes as a field of type bytea, or UTF-8 as one of type text."""
    return NULL if value is None else _length(len(value)) + value


def text(value: str | None) -> bytes:
    """Return a text as a field; NUL cannot be stored and a file name cannot hold it."""
    return NULL if value is None else raw(value.encode())


def small(value: int | None) -> bytes:
    """Return a number as a field of type smallint."""
    return NULL if value is None else _small(2, value)


def whole(value: int | None) -> bytes:
    """Return a number as a field of type integer."""
    return NULL if value is None else _whole(4, value)


def long(value: int) -> bytes:
    """Return a number as a field of type bigint."""
    return _long(8, value)


def day(value: date | None) -> bytes:
    """Return a date as a field."""
    return NULL if value is None else _whole(4, (value - _EPOCH).days)


def flag(value: bool) -> bytes:
    """Return a truth value as a field."""
    return YES if value else NO


def wholes(values: Iterable[int]) -> bytes:
    """Return numbers as a field of type integer[]."""
    return _an_array(_INTEGER, [whole(value) for value in values])


def texts(values: Iterable[str]) -> bytes:
    """Return texts as a field of type text[]."""
    return _an_array(_TEXT, [text(value) for value in values])


def raws(values: Iterable[bytes]) -> bytes:
    """Return bytes as a field of type bytea[]."""
    return _an_array(_BYTES, [raw(value) for value in values])


def words(spaced: str) -> bytes:
    """Return distinct words, separated by spaces, as a field of type tsvector; the server sorts them."""
    if not spaced:
        return _words(4, 0)
    body = (spaced.replace(" ", _WORD_END) + _WORD_END).encode()
    return _words(4 + len(body), spaced.count(" ") + 1) + body


def _an_array(kind: int, elements: Sequence[bytes]) -> bytes:
    """Return an array of one dimension, counted from one; an empty one has no dimension."""
    if not elements:
        return raw(_length(0) + _length(0) + _length(kind))
    return raw(_array(1, 0, kind, len(elements), 1) + b"".join(elements))
