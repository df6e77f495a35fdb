"""`mediavault identify`: which work each name is, without a database."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from mediavault_tui.domain.pathtext import display, harmless

if TYPE_CHECKING:
    from mediavault_tui.domain.model import Identity

FIRST_BATCH, LARGEST_BATCH = 64, 16384
"""Names answered together: few at first, so that an answer comes soon, then many, so that workers pay."""
READ_AT_ONCE = 1 << 16


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what may be asked."""
    parser.epilog = "Exit code 0 always: every name has an answer."
    parser.add_argument(
        "names",
        nargs="+",
        metavar="NAME|PATH|-",
        help="names or paths, which need not exist; - reads them from standard input, one a line",
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object a line, in the order asked"
    )
    parser.add_argument(
        "-0", "--null", action="store_true", help="names on standard input end in NUL, not newline"
    )
    parser.add_argument(
        "--workers",
        type=_workers,
        metavar="N",
        help="processes for odd names; by itself: one a core; 1: none beside this",
    )


def run(args: argparse.Namespace) -> int:
    """Identify and print; always 0, for every name has an answer."""
    from mediavault_tui.probe.filename import identify_many

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may know fewer letters than a name
    show = _json_line if args.json else _text_line
    if not args.json:
        print(f"{'sure':>4}  {'kind':<11}  {'work':<48}  name")
    for batch in _batches(_asked(args.names, null=args.null)):
        identities = identify_many(batch, workers=args.workers)
        sys.stdout.write("".join([show(name, found) for name, found in zip(batch, identities, strict=True)]))
        sys.stdout.flush()
    return 0


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 256")
    return int(text)


def _asked(words: Iterable[str], *, null: bool) -> Iterator[str]:
    """Yield every name asked for; `-` stands for those of standard input."""
    for word in words:
        if word == "-":
            yield from (display(raw) for raw in split(sys.stdin.buffer, b"\0" if null else b"\n"))
        else:
            yield display(os.fsencode(word))


def split(stream: BinaryIO, end: bytes) -> Iterator[bytes]:
    """Yield what lies between the ends, as it arrives; empty names and a line's CR are dropped."""
    kept = b""
    # read1 returns what there is; read would wait for a slow writer's whole 64 KiB.
    read = stream.read1 if isinstance(stream, io.BufferedReader) else stream.read
    while chunk := read(READ_AT_ONCE):
        *names, kept = (kept + chunk).split(end)
        yield from filter(None, map(_without_return, names) if end == b"\n" else names)
    if kept := _without_return(kept) if end == b"\n" else kept:
        yield kept


def _without_return(line: bytes) -> bytes:
    return line.removesuffix(b"\r")


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    """Yield growing batches."""
    size, batch = FIRST_BATCH, list[str]()
    for name in names:
        batch.append(name)
        if len(batch) >= size:
            yield batch
            size, batch = min(size * 4, LARGEST_BATCH), []
    if batch:
        yield batch


def _json_line(name: str, identity: Identity) -> str:
    import json

    from mediavault_tui.probe.filename import to_json

    return json.dumps({"name": name, **to_json(identity)}, ensure_ascii=True) + "\n"


def _text_line(name: str, identity: Identity) -> str:
    work = harmless(describe(identity))
    return f"{identity.confidence:>3}%  {identity.kind.value:<11}  {work:<48}  {harmless(name)}\n"


def describe(identity: Identity) -> str:
    """Return a work in one line for people: "Heat (1995), Director's Cut, part 1"."""
    text = identity.title
    if identity.country:
        text += f" ({identity.country})"
    if identity.year:
        text += f" ({identity.year})"
    if identity.season is not None:
        text += f" S{identity.season:02d}"
    if identity.episodes:
        text += ("" if identity.season is not None else " ") + "".join(f"E{e:02d}" for e in identity.episodes)
    if identity.air_date:
        text += f" {identity.air_date.isoformat()}"
    words = [identity.edition, f"part {identity.part}" if identity.part else None]
    words += ["3D" if identity.three_d else None, identity.extra]
    return ", ".join([text, *(word for word in words if word)])
