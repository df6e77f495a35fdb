"""The tables by which ffmpeg tones HDR down, worked out once from `domain.tone` and kept as files.

A table costs ffmpeg a quarter of what its own conversions cost: it looks colours up. Where no
file can be kept there is no table, and callers leave the work to ffmpeg's own filters.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from mediavault_tui.domain.picture import Curve

_SIZE = 49
"""Points along each side of a table; 33 show where colours end, 65 cost twice the reading at each start."""
_EDITION = 1
"""To be raised whenever `domain.tone` gives other colours, so that kept tables are made anew."""


class Tables:
    """Look-up tables in a folder."""

    def __init__(self, folder: Path) -> None:
        """`folder`: where tables are kept; made when the first one is."""
        self._folder = folder

    def path(self, curve: Curve) -> str | None:
        """Return the table's path, made now if it is not there; None where none can be kept.

        Takes a third of a second the first time: call it in a thread.
        """
        target = self._folder / f"{curve}-{_SIZE}-{_EDITION}.cube"
        if not target.exists():
            from mediavault_tui.domain.tone import cube

            try:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                handle, new = tempfile.mkstemp(dir=self._folder, suffix=".new")
                with os.fdopen(handle, "w", encoding="ascii") as file:
                    file.write(cube(curve, _SIZE))
                os.replace(new, target)
            except OSError:
                return None
        return str(target)


def option(text: str) -> str:
    """Return text as the value of a filter's option, where colons part the options.

    Source: ffmpeg-utils, "Quoting and escaping"; ffmpeg-filters, "Notes on filtergraph escaping".
    """
    return _escaped(text, "\\':")


def lookup(table: str, size: str) -> list[str]:
    """Return the filters of a graph that scale a picture to `size` and tone it down by a table.

    What comes out of them is full-range RGB. The matrix is named, for not every film says it;
    floating point is what the look-up is quickest in.
    """
    file = _escaped(option(table), "\\'[],;")
    return [
        f"scale={size}:in_color_matrix=bt2020",
        "format=gbrpf32le",
        f"lut3d=file={file}",
        "setparams=color_primaries=bt709:color_trc=bt709:colorspace=gbr:range=pc",
    ]


def _escaped(text: str, special: str) -> str:
    return "".join(f"\\{letter}" if letter in special else letter for letter in text)
