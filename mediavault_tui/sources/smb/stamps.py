"""What tells over SMB whether a file is still the same, and whether two names are one file.

Device: the volume's serial number (32 bits; another share has another, as a rule). Inode: the
server's 64-bit file id. The pair is no proof: a server may give ids anew after a restore. A server
that gives none (0) must not make all its files one, so the path stands in: a renamed file is then
a new one, and copies are found by their content alone.
"""

from __future__ import annotations

from xxhash import xxh3_64_intdigest

from mediavault_tui.domain.model import FileStamp, signed
from mediavault_tui.sources.smb.values import Look


def inode(file_id: int, path: bytes) -> int:
    """Return the number that stands for the file at `path`."""
    return signed(file_id or xxh3_64_intdigest(path))


def stamp_of(look: Look, path: bytes, serial: int) -> FileStamp:
    """Return the stamp of what was looked at."""
    return FileStamp(signed(serial), inode(look.file_id, path), look.size, look.modified_ns)
