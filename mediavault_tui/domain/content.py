"""What a file is remembered by, when a person said "not a duplicate": its content, not its path.

A file has up to three such keys, strongest first; a decision is written under the
strongest and found again under any, so it outlives renames, moves and rescans, also when
a file is hashed only later.

h  the full hash, once it was needed
p  size and running time to the millisecond: the container's own words, unread bytes apart.
   Two works with the same number of bytes and the same milliseconds are not met with.
t  size and time of modification, for what was never probed; a move within a volume keeps both
"""

from __future__ import annotations

from mediavault_tui.domain.model import MediaFile


def content_keys(file: MediaFile) -> tuple[bytes, ...]:
    """Return every key that `file` may be remembered under, strongest first; never empty."""
    size = file.size.to_bytes(8, "big")
    keys = [b"h" + file.content_hash] if file.content_hash is not None else []
    if file.info is not None and file.info.duration > 0:
        keys.append(b"p" + size + round(file.info.duration * 1000).to_bytes(8, "big"))
    keys.append(b"t" + size + file.stamp.modified_ns.to_bytes(12, "big", signed=True))
    return tuple(keys)


def content_pair(a: MediaFile, b: MediaFile) -> tuple[bytes, bytes]:
    """Return the strongest keys of two files, the smaller first."""
    one, other = content_keys(a)[0], content_keys(b)[0]
    return min(one, other), max(one, other)
