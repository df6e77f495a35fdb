"""The program that decodes one frame with PyAV: `python -m … PATH SECONDS SCALING [TABLE]`.

A process of its own, because a decoder that hangs or crashes on a file must be killable.
It writes a PPM to standard output, or a sentence to standard error and one of these codes.
"""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from typing import Any

from mediavault_tui.probe.tone import option

UNREADABLE = 3
"""The file gives no picture there; standard error says why."""
NO_DECODER = 4
"""PyAV is not installed, or knows no decoder for the picture."""

_COVER = 0x400
"""ffmpeg's AV_DISPOSITION_ATTACHED_PIC."""
_LATE = 1.0
"""Seconds before the time asked for at which the last frame still stands for it."""


class NoPicture(Exception):
    """The file holds no picture there."""


def main(arguments: list[str]) -> int:
    """Write the frame, return the exit code."""
    path, at, wanted = arguments[0], float(arguments[1]), arguments[2]
    table = arguments[3] if len(arguments) > 3 else None
    try:
        import av
    except ImportError as error:
        return _fail(NO_DECODER, str(error))
    try:
        with av.open(os.fsencode(path).decode("utf-8", "surrogateescape")) as container:
            frame, aspect = _at(container, at)
            width, height, rgb = _drawn(frame, aspect, wanted, table)
    except (NoPicture, av.error.DecoderNotFoundError) as error:
        missing = not isinstance(error, NoPicture)
        return _fail(NO_DECODER if missing else UNREADABLE, str(error))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        return _fail(UNREADABLE, getattr(error, "strerror", None) or str(error))
    sys.stdout.buffer.write(b"P6\n%d %d\n255\n" % (width, height) + rgb)
    return 0


def _at(container: Any, at: float) -> tuple[Any, Any]:
    """Return the frame shown `at` seconds after the beginning, and its pixels' shape: seek, then decode."""
    stream = next((s for s in container.streams.video if not int(s.disposition) & _COVER), None)
    if stream is None:
        raise NoPicture("it holds no picture")
    stream.thread_type = "AUTO"
    begin = (container.start_time or 0) / 1_000_000
    wanted = begin + at
    container.seek(int(wanted * 1_000_000), backward=True)
    shown = None
    for frame in container.decode(stream):
        if frame.time is not None and frame.time > wanted and shown is not None:
            break
        shown = frame
    if shown is None or (shown.time is not None and shown.time < wanted - _LATE):
        raise NoPicture("it ends before that minute")
    return shown, stream.sample_aspect_ratio


def _drawn(frame: Any, aspect: Any, wanted: str, table: str | None) -> tuple[int, int, bytes]:
    """Return width, height and pixels of the frame as it is scaled, HDR toned down by a table."""
    from av.filter import Graph

    graph = Graph()
    source = graph.add(
        "buffer",
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/1000"
        f":colorspace={int(frame.colorspace)}:range={int(frame.color_range)}:pixel_aspect="
        + (f"{aspect.numerator}/{aspect.denominator}" if aspect else "1/1"),
    )
    chain = [source]
    if table is None:
        chain.append(graph.add("scale", wanted))
    else:
        chain.append(graph.add("scale", f"{wanted}:in_color_matrix=bt2020"))
        chain.append(graph.add("format", "pix_fmts=gbrpf32le"))
        chain.append(graph.add("lut3d", f"file={option(table)}"))
    chain.append(graph.add("format", "pix_fmts=rgb24"))
    chain.append(graph.add("buffersink"))
    for one, following in pairwise(chain):
        one.link_to(following)
    graph.configure()
    source.push(frame)
    drawn: Any = chain[-1].pull()
    plane = drawn.planes[0]
    raw, used = bytes(plane), 3 * drawn.width
    rows = (raw[y * plane.line_size : y * plane.line_size + used] for y in range(drawn.height))
    return drawn.width, drawn.height, b"".join(rows)


def _fail(code: int, sentence: str) -> int:
    sys.stderr.write(sentence)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
