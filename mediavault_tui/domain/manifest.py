"""The `manifest.json` of a holding folder: what a person needs to put files back without the program.

It is written before a file arrives and corrected after it has left, so every staged file
is in it at every moment; an entry whose file is not there was never moved or is back already.
Keys that we do not know are left as they are: another copy of the program may have written them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mediavault_tui.domain.pathtext import display

MANIFEST = b"manifest.json"

_OURS = b'"staged_hex"'
_ABOUT = (
    "MediaVault moved these files here; nothing was deleted. To put one back by hand, move the file named "
    "'staged' (in this folder) to the path 'original', and each of its 'sidecars' likewise. Where a path "
    "has bytes that are no text, 'original_hex' holds them exactly."
)


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """One file of an entry: its name in this folder and the path it came from."""

    staged: bytes
    original: bytes
    size: int
    modified_ns: int

    def as_json(self) -> dict[str, Any]:
        """Return it as the manifest has it: text to read, hexadecimal to be exact."""
        return {
            "staged": display(self.staged),
            "staged_hex": self.staged.hex(),
            "original": display(self.original),
            "original_hex": self.original.hex(),
            "size_bytes": self.size,
            "modified_ns": self.modified_ns,
        }


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One staged video with its sidecars, why it was staged, and what was kept instead."""

    video: ManifestFile
    sidecars: tuple[ManifestFile, ...]
    content_hash: bytes | None
    reason: str
    keeper: bytes
    who: str
    when: datetime

    def as_json(self) -> dict[str, Any]:
        """Return the entry; `when` in ISO 8601."""
        return {
            **self.video.as_json(),
            "xxh3_128": self.content_hash.hex() if self.content_hash else None,
            "reason": self.reason,
            "keeper": display(self.keeper),
            "keeper_hex": self.keeper.hex(),
            "staged_by": self.who,
            "staged_at": self.when.isoformat(timespec="seconds"),
            "sidecars": [sidecar.as_json() for sidecar in self.sidecars],
        }


def is_manifest(text: bytes) -> bool:
    """Return whether a file of that name names staged files; people have files of such a name too."""
    return _OURS in text


def revised(
    document: Mapping[str, Any] | None, *, add: Sequence[ManifestEntry] = (), remove: Iterable[bytes] = ()
) -> dict[str, Any] | None:
    """Return the manifest with entries added (in place of older ones of that name) and removed.

    `remove`: staged names. None: no entry is left and the manifest may go.
    Raises: ValueError for a `document` that is no manifest; it must not be overwritten.
    """
    files = [] if document is None else document.get("files")
    if not isinstance(files, list) or not all(isinstance(f, dict) and "staged_hex" in f for f in files):
        raise ValueError("not a manifest of MediaVault")
    gone = {name.hex() for name in remove} | {entry.video.staged.hex() for entry in add}
    kept = [file for file in files if file["staged_hex"] not in gone]
    kept += [entry.as_json() for entry in add]
    if not kept:
        return None
    return {**(document or {}), "about": _ABOUT, "version": 1, "files": kept}
