"""SMB2 requests as bytes and answers as values, by `struct`: only what a source needs.

Source: [MS-SMB2] 2.2.1 and 2.2.13 to 2.2.39; [MS-FSCC] 2.4 and 2.5. The library's own
`Structure` is complete, and fifty times slower: too slow for a listing or a read.
"""

from __future__ import annotations

from codecs import utf_16_le_decode
from dataclasses import dataclass
from struct import Struct

from mediavault_tui.sources.smb.values import FOLDER, Entry, Look

HEADER = Struct("<4sHHIHHIIQIIQ16s")
"""Protocol, 64, charge, status, command, credits, flags, next, message, -, tree, session, signature."""
SERVER, ASYNC, RELATED, SIGNED = 1, 2, 4, 8
CREATE, CLOSE, FLUSH, READ, WRITE, ECHO, QUERY_DIRECTORY, QUERY_INFO, SET_INFO = 5, 6, 7, 8, 9, 13, 14, 16, 17
SAME_FILE = b"\xff" * 16
"""In a related request: the file of the request before."""
READ_DATA, LIST, READ_ATTRIBUTES, DELETE = 0x1, 0x1, 0x80, 0x10000
GENERIC_WRITE, SYNCHRONIZE = 0x40000000, 0x100000
OPEN, CREATE_NEW, OPEN_IF, OVERWRITE_IF = 1, 2, 3, 5
A_FOLDER, NO_FOLDER, THE_LINK_ITSELF = 0x1, 0x40, 0x200000

_CREATE = Struct("<HBBIQQIIIIIHHII")
_CREATED = Struct("<HBBIQQQQQQII16s")
_CLOSE = Struct("<HHI16s")
_READ = Struct("<HBBIQ16sIIIHHx")
READ_ANSWER = Struct("<HBBIII")
_WRITE = Struct("<HHIQ16sIIHHI")
_LIST = Struct("<HBBI16sHHI")
_QUERY = Struct("<HBBIHHIII16s")
_SET = Struct("<HBBIHHI16s")
_BUFFER = Struct("<HHI")
_ENTRY = Struct("<I4x8x8xQ8xQ8xIII4xQ")
_ALL = Struct("<Q8xQ8xI4x8xQIBBxxQ")
_1970 = 116_444_736_000_000_000
"""In the server's clock: 100 ns since 1601."""
_SHARE_WITH_ALL = 0x7
_HERE = (b".", b"..")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: its command, its body, and how many bytes may pass either way (for credits)."""

    command: int
    body: bytes
    payload: int = 1
    into: memoryview | None = None
    """Where the bytes of a READ belong."""


def nanoseconds(filetime: int) -> int:
    """Return ns since 1970 for 100 ns since 1601."""
    return (filetime - _1970) * 100


def create(name: bytes, *, access: int, disposition: int = OPEN, options: int = 0) -> Ask:
    """Ask for a handle of `name` (UTF-16). Everybody else may read, write and delete meanwhile."""
    body = _CREATE.pack(
        57, 0, 0, 2, 0, 0, access, 0, _SHARE_WITH_ALL, disposition, options, 120, len(name), 0, 0
    )
    return Ask(CREATE, body + (name or b"\0"))


def close(handle: bytes = SAME_FILE) -> Ask:
    """Give a handle back."""
    return Ask(CLOSE, _CLOSE.pack(24, 0, 0, handle))


def flush(handle: bytes) -> Ask:
    """Have the server write a file to its disk."""
    return Ask(FLUSH, _CLOSE.pack(24, 0, 0, handle))


def read(handle: bytes, offset: int, into: memoryview) -> Ask:
    """Ask for as many bytes as `into` takes."""
    length = len(into)
    return Ask(READ, _READ.pack(49, 80, 0, length, offset, handle, 0, 0, 0, 0, 0), length, into)


def write(handle: bytes, offset: int, data: memoryview) -> Ask:
    """Write `data`."""
    body = _WRITE.pack(49, 112, len(data), offset, handle, 0, 0, 0, 0, 0)
    return Ask(WRITE, body + data, len(data))


def echo() -> Ask:
    """Ask whether the server is there."""
    return Ask(ECHO, b"\4\0\0\0")


def query_directory(handle: bytes, room: int) -> Ask:
    """Ask for the next names of a folder, as FileIdFullDirectoryInformation: no short names to make."""
    return Ask(QUERY_DIRECTORY, _LIST.pack(33, 38, 0, 0, handle, 96, 2, room) + b"*\0", room)


def query_all(handle: bytes = SAME_FILE) -> Ask:
    """Ask for FileAllInformation: everything of `Look`."""
    return Ask(QUERY_INFO, _QUERY.pack(41, 1, 18, 4096, 0, 0, 0, 0, 0, handle))


def query_volume(handle: bytes, kind: int) -> Ask:
    """Ask for information of the volume: 1 its serial number, 7 its room."""
    return Ask(QUERY_INFO, _QUERY.pack(41, 2, kind, 1024, 0, 0, 0, 0, 0, handle))


def rename(name: bytes, *, replace: bool = False, handle: bytes = SAME_FILE) -> Ask:
    """Give the file the name `name` (UTF-16, from the top of the share)."""
    data = Struct("<B7xQI").pack(replace, 0, len(name)) + name
    return _set(handle, 10, data)


def delete(handle: bytes = SAME_FILE) -> Ask:
    """Have the file deleted when its last handle is closed."""
    return _set(handle, 13, b"\1")


def set_info(handle: bytes, kind: int, data: bytes) -> Ask:
    """Set information of a file; [MS-FSCC] 2.4 numbers the kinds."""
    return _set(handle, kind, data)


def _set(handle: bytes, kind: int, data: bytes) -> Ask:
    return Ask(SET_INFO, _SET.pack(33, 1, kind, len(data), 96, 0, 0, handle) + data)


def handle_of(frame: memoryview) -> bytes:
    """Return the handle in the answer to `create`."""
    handle = _CREATED.unpack_from(frame, 64)[12]
    assert isinstance(handle, bytes)
    return handle


def buffer_of(frame: memoryview) -> memoryview:
    """Return what QUERY_DIRECTORY or QUERY_INFO found."""
    _, offset, length = _BUFFER.unpack_from(frame, 64)
    return frame[offset : offset + length]


def look_of(frame: memoryview) -> Look:
    """Return the answer to `query_all`."""
    created, written, attributes, size, links, _, folder, file_id = _ALL.unpack_from(buffer_of(frame))
    if folder:
        attributes |= FOLDER
    return Look(attributes, size, nanoseconds(written), nanoseconds(created), file_id, max(links, 1))


def serial_of(frame: memoryview) -> int:
    """Return the volume's serial number: the answer to `query_volume(…, 1)`."""
    return int.from_bytes(buffer_of(frame)[8:12], "little")


def room_of(frame: memoryview) -> tuple[int, int]:
    """Return free and total bytes, for this user: the answer to `query_volume(…, 7)`."""
    total, free, _, sectors, sector = Struct("<QQQII").unpack_from(buffer_of(frame))
    return free * sectors * sector, total * sectors * sector


def entries(listing: memoryview) -> list[Entry]:
    """Return the names that one QUERY_DIRECTORY gave; `.` and `..` are left out.

    A name that is no valid UTF-16 (NTFS has such) keeps its lone surrogates, so that it opens. A large
    share has a million names, so the steps are few.
    """
    data = bytes(listing)
    found: list[Entry] = []
    unpack, new = _ENTRY.unpack_from, tuple.__new__
    at = 0
    step = 1 if data else 0
    while step:
        step, modified, size, attributes, length, _, file_id = unpack(data, at)
        raw = data[at + 80 : at + 80 + length]
        at += step
        try:
            name = utf_16_le_decode(raw, "strict", True)[0].encode()
        except UnicodeError:
            name = raw.decode("utf-16-le", "surrogatepass").encode("utf-8", "surrogatepass")
        if name not in _HERE:
            moment = (modified - _1970) * 100
            is_folder = attributes & FOLDER != 0
            found.append(new(Entry, (name, is_folder, size, moment, file_id, attributes)))
    return found
