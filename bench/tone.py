"""HDR toned down: processor time a picture, by what this ffmpeg has, at the widths that pages ask for.

`python -m bench.tone FILM` with an HDR10 film; the figures hold on a busy machine too, since they are
processor time and not the clock's. Pictures a second on two cores = 2000 / ms a picture.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from mediavault_tui.probe.tone import Tables
from mediavault_tui.probe.tools import find_tool
from streamer.recipes import Conversion, Toning, abilities, arguments

SECONDS = 2.0
RATE = 24.0


def main(film: str) -> None:
    """Print one line for each way and width."""
    ffmpeg = find_tool("ffmpeg", None)
    able = asyncio.run(abilities(ffmpeg))
    with tempfile.TemporaryDirectory() as folder:
        table = Tables(Path(folder)).path("pq")
        assert table is not None
        ways: list[Toning | None] = [None]
        ways += [Toning(by, table if by == "table" else "") for by in able.tones]
        for width in (1920, 1280, 960):
            for toning in ways:
                wanted = Conversion(0.0, "h264", None, curve="pq", width=width)
                words = arguments(ffmpeg, f"file:{film}", wanted, toning)
                at = words.index("-i")
                spent = _spent([*words[:at], "-t", str(SECONDS), *words[at:]])
                by = toning.by if toning else "not toned"
                print(f"{width:>5} wide  {by:>9}  {1000 * spent / (SECONDS * RATE):6.1f} ms a picture")


def _spent(words: list[str]) -> float:
    """Return the processor seconds of a program."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main(sys.argv[1])
