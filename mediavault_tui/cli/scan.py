"""`mediavault scan`: take stock of folders from the command line, with a line of progress."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mediavault_tui.cli.roots import known_roots, named_roots
from mediavault_tui.domain.measures import clock, size
from mediavault_tui.domain.pathtext import harmless
from mediavault_tui.errors import UsageError

if TYPE_CHECKING:
    from mediavault_tui.domain.library import GroupsWaiting, ScanError, ScanProgress
    from mediavault_tui.services.scanning.control import ScanControl
    from mediavault_tui.services.scanning.far import FarPolicy
    from mediavault_tui.settings import Settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = (
        "Exit code 1: a folder could not be read, lost every video, or was left out;"
        " 130: interrupted, and what was found is kept."
    )
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="a folder to scan, here or on a share (nas:/volume1/videos, smb://host/volume1/videos);"
        " `nas:`: every folder that is set up on a share; without a path: those, and all that were scanned"
        " before",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print one JSON document at the end: the scan, or `scans` of several machines",
    )
    parser.add_argument(
        "--no-probe", action="store_true", help="do not ask the files what they are (ffprobe)"
    )
    parser.add_argument("--no-match", action="store_true", help="do not look for duplicates afterwards")
    parser.add_argument(
        "--readers", type=int, metavar="N", help="files read at once while hashing (MEDIAVAULT_READERS)"
    )
    parser.add_argument(
        "--deep",
        action="store_true",
        help="hash every file ahead of time, not only those of equal size (slow)",
    )
    parser.add_argument(
        "--budget", metavar="BYTES", help="read no more than this from a share: 50GB (NAS_BYTE_BUDGET)"
    )
    parser.add_argument(
        "--window", metavar="TIMES", help="read files of a share only then: 23:00-06:00 (NAS_NIGHT_WINDOW)"
    )
    parser.add_argument(
        "--everything", action="store_true", help="read unchanged files again too (slow; rarely needed)"
    )


def run(args: argparse.Namespace) -> int:
    """Scan; 0 if every folder could be read, 1 if one could not, 2 for a path that is no folder."""
    if args.readers is not None and not 1 <= args.readers <= 64:
        raise UsageError("--readers takes a number from 1 to 64")
    return asyncio.run(_scan(args))


def _far(args: argparse.Namespace, settings: Settings) -> FarPolicy:
    """Return how shares are read: as the settings say, unless the command line says otherwise."""
    from mediavault_tui.domain.nightly import Window
    from mediavault_tui.services.scanning.far import FarPolicy
    from mediavault_tui.settings import read_bytes

    try:
        return FarPolicy(
            budget=settings.nas_budget if args.budget is None else read_bytes(args.budget),
            window=settings.nas_window if args.window is None else Window.read(args.window),
            readers=args.readers or settings.nas_readers,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error


async def _scan(args: argparse.Namespace) -> int:
    from mediavault_tui import bootstrap
    from mediavault_tui.domain.library import ScanPhase
    from mediavault_tui.services.scanning.control import ScanControl

    settings = bootstrap.load_settings()
    control = ScanControl()
    started = time.monotonic()
    ends: dict[int, ScanProgress] = {}
    async with (
        bootstrap.open_database(settings) as database,
        bootstrap.open_nas(database, settings) as nas,
        _interruptible(control),
    ):
        roots = named_roots(args.paths, nas)
        scanner = bootstrap.scanner(
            database,
            settings,
            probe=not args.no_probe,
            match=not args.no_match,
            readers=args.readers,
            nas=nas,
            far=_far(args, settings),
        )
        line = _Line(sys.stderr.isatty() and not args.json)
        whole = True
        if not roots:
            roots, whole = await known_roots(scanner, nas)
        async for progress in scanner.scan(
            roots,
            control=control,
            probe=not args.no_probe,
            everything=args.everything,
            deep=args.deep,
        ):
            ends[progress.scan] = progress  # folders of several machines are several scans
            line.show(progress)
        line.clear()
        history = await scanner.history(limit=20)
        ready = not args.no_match and any(end.phase is ScanPhase.DONE for end in ends.values())
        found = await bootstrap.dedupe(database, settings).waiting() if ready else None
    seconds = time.monotonic() - started
    kept = {record.id: record.errors for record in history}
    ended = [(last, kept.get(last.scan, ())) for last in ends.values()]
    if args.json:
        waiting = (
            {}
            if found is None
            else {"duplicates": {"groups": found.groups, "reclaimable_bytes": found.reclaimable}}
        )
        print(json.dumps(_document(ended, seconds) | waiting, ensure_ascii=True))
    else:
        for last, errors in ended:
            _report(last, errors, seconds)
        if found is not None:
            print(_waiting(found))
    if control.cancelled:
        return 130
    clean = whole and all(end.phase is ScanPhase.DONE and not end.roots_failed for end in ends.values())
    return 0 if clean else 1


def _waiting(found: GroupsWaiting) -> str:
    """Say how many groups wait for a decision, and what would be freed."""
    if not found.groups:
        return "No duplicates wait for a decision"
    one = found.groups == 1
    many = "1 group of duplicates waits" if one else f"{found.groups:,} groups of duplicates wait"
    lists = f"`mediavault duplicates` lists {'it' if one else 'them'}"
    return f"{many}, {size(found.reclaimable)} reclaimable; {lists}"


@asynccontextmanager
async def _interruptible(control: ScanControl) -> AsyncIterator[None]:
    """Let Ctrl-C cancel the scan cleanly; a second one interrupts at once."""
    loop = asyncio.get_running_loop()

    def cancel() -> None:
        control.cancel()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, cancel)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)


class _Line:
    """One line of progress on a terminal, drawn over itself."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted

    def show(self, progress: ScanProgress) -> None:
        """Draw this moment."""
        if not self._wanted:
            return
        width = os.get_terminal_size(sys.stderr.fileno()).columns
        done = f"{progress.done_files:,}"
        if progress.total_files:
            done += f" of {progress.total_files:,}"
        parts = [f"{progress.phase.value:9}", f"{done} files"]
        if progress.counts.bytes_wire:
            limit = f" of {size(progress.budget)}" if progress.budget else ""
            parts.append(f"{size(progress.counts.bytes_wire)}{limit} from the share")
        if progress.message:
            parts.insert(1, progress.message)
        if progress.rate:
            parts.append(f"{size(progress.rate)}/s")
        if progress.eta is not None:
            parts.append(f"{clock(progress.eta)} left")
        if progress.counts.errors:
            parts.append(f"{progress.counts.errors} errors")
        sys.stderr.write("\r\x1b[2K" + "  ".join(parts)[: width - 1])
        sys.stderr.flush()

    def clear(self) -> None:
        """Leave no line behind."""
        if self._wanted:
            sys.stderr.write("\r\x1b[2K")


def _document(ended: Sequence[tuple[ScanProgress, Sequence[ScanError]]], seconds: float) -> dict[str, Any]:
    """Return the one scan; where it was none (cancelled before it began) or several, a list of them."""
    scans = [
        {
            "scan": last.scan,
            "phase": last.phase.value,
            "seconds": round(seconds, 3),
            "counts": asdict(last.counts),
            "errors": [asdict(error) for error in errors],
            "message": last.message,
        }
        for last, errors in ended
    ]
    return scans[0] if len(scans) == 1 else {"seconds": round(seconds, 3), "scans": scans}


def _report(last: ScanProgress, errors: Sequence[ScanError], seconds: float) -> None:
    counts = last.counts
    print(
        f"{counts.seen:,} videos ({size(counts.bytes_seen)}) in {clock(seconds)}:"
        f" {counts.new:,} new, {counts.changed:,} changed, {counts.renamed:,} renamed,"
        f" {counts.missing:,} missing; {counts.hashed:,} hashed, {counts.probed:,} probed,"
        f" {counts.errors:,} errors"
    )
    if counts.bytes_wire:
        print(f"{size(counts.bytes_wire)} were read from the share")
    if last.message:
        print(last.message)
    for error in errors[:20]:
        print(f"  {harmless(error.message)}")
    if counts.errors > 20:
        listed = "them" if counts.errors <= len(errors) else f"the first {len(errors):,}"
        print(f"  … and {counts.errors - 20:,} more; `mediavault scan --json` lists {listed}")
