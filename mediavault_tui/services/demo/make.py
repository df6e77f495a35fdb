"""Make the demo library with the real ffmpeg: each elementary stream once, then copied into its films.

A picture is half a second of video, looped by stream copy to the length of the film, so
that even 4K costs a dozen frames of encoding. With one build of ffmpeg the bytes are
the same every time.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mediavault_tui.errors import ProbeTimeout, SourceDenied, SourceError, SourceFull, UsageError
from mediavault_tui.probe.process import run
from mediavault_tui.services.demo import recipes
from mediavault_tui.services.demo.library import (
    AGAIN,
    BESIDE,
    EXPECTED,
    FILMS,
    Again,
    Beside,
    Expected,
    Film,
    How,
    Picture,
    Sound,
    What,
)

MARKER = ".mediavault-demo.json"
"""Stands in a demo library's folder: which of its files are whole, so that they are not made again."""

_SECONDS_A_COMMAND = 120.0
_MADE_AT = 1_704_103_200
"""2024-01-01 10:00 UTC: the first film's modification time; each next one is an hour later."""

Progress = Callable[[int, int], None]
"""Told how many files are done, of how many."""


@dataclass(frozen=True, slots=True)
class DemoLibrary:
    """A finished demo library. `made`: files made now (0: all were there already); `seconds`: wall time."""

    folder: Path
    files: tuple[str, ...]
    made: int
    seconds: float
    expected: tuple[Expected, ...] = EXPECTED


async def make(folder: Path, *, ffmpeg: str, on_progress: Progress | None = None) -> DemoLibrary:
    """Make the library in `folder`, which is new, empty, or a demo library already.

    What is there and whole stays as it is. Raises: UsageError for a folder that holds
    anything else; SourceError when a file cannot be made.
    """
    started = time.monotonic()
    marker = _Marker.read(folder)
    entries: tuple[Film | Beside | Again, ...] = (*FILMS, *BESIDE, *AGAIN)
    missing = [entry for entry in entries if not marker.whole(entry.path)]
    if missing:
        _writable(folder)
        marker.write()
        with tempfile.TemporaryDirectory(prefix=".making-", dir=folder) as scratch:
            maker = _Maker(folder, Path(scratch), ffmpeg, marker)
            await maker.make(missing, on_progress or (lambda done, total: None))
    return DemoLibrary(
        folder=folder,
        files=tuple(sorted(entry.path for entry in entries)),
        made=len(missing),
        seconds=time.monotonic() - started,
    )


def _writable(folder: Path) -> None:
    """Make the folder where it is missing; OSErrors become sentences."""
    with _said(folder):
        folder.mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def _said(path: Path) -> Iterator[None]:
    """Rename an OSError to the branch of our tree that fits."""
    try:
        yield
    except PermissionError as error:
        raise SourceDenied(f"{path} may not be written; choose another folder") from error
    except OSError as error:
        raise SourceFull(f"{path} cannot be written ({error.strerror}); choose another folder") from error


async def _together(works: Iterable[Awaitable[None]]) -> None:
    """Await all; the first failure cancels the others and is raised alone, not in a group."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Marker:
    """The list of whole files, by size; it makes a folder a demo library."""

    def __init__(self, folder: Path, sizes: dict[str, int]) -> None:
        self.folder = folder
        self.sizes = sizes

    @classmethod
    def read(cls, folder: Path) -> _Marker:
        """Read the folder's marker; raises UsageError if the folder is not for us."""
        try:
            entries = os.listdir(folder)
        except FileNotFoundError:
            return cls(folder, {})
        except OSError as error:
            raise UsageError(f"{folder} is no folder that can be listed ({error.strerror})") from error
        if not entries:
            return cls(folder, {})
        try:
            found = json.loads((folder / MARKER).read_text("utf-8"))
            sizes = {str(name): int(size) for name, size in found["sizes"].items()}
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            raise UsageError(
                f"{folder} holds other files; the demo library needs a new or empty folder of its own"
            ) from None
        if found.get("table") != recipes.fingerprint():
            raise UsageError(
                f"{folder} holds the demo library of another version of MediaVault; give a new folder"
            )
        return cls(folder, sizes)

    def whole(self, path: str) -> bool:
        """Whether the file is there as it was made."""
        try:
            return self.sizes.get(path) == os.lstat(self.folder / path).st_size
        except OSError:
            return False

    def add(self, path: str) -> None:
        """Count a file as finished."""
        self.sizes[path] = os.lstat(self.folder / path).st_size

    def write(self) -> None:
        """Save the list."""
        content = {"table": recipes.fingerprint(), "sizes": self.sizes}
        with _said(self.folder):
            (self.folder / MARKER).write_text(json.dumps(content, indent=1), "utf-8")


class _Maker:
    """One run: encodes what the films need, each stream once, a few commands at a time."""

    def __init__(self, folder: Path, scratch: Path, ffmpeg: str, marker: _Marker) -> None:
        self._folder = folder
        self._scratch = scratch
        self._ffmpeg = ffmpeg
        self._marker = marker
        self._turns = asyncio.Semaphore(max(2, os.cpu_count() or 1))
        self._streams: dict[object, asyncio.Task[Path]] = {}

    async def make(self, entries: list[Film | Beside | Again], on_progress: Progress) -> None:
        """Make the entries: films and sidecars at once, second names when the films stand."""
        done = 0

        async def one(entry: Film | Beside | Again) -> None:
            nonlocal done
            target = self._folder / entry.path
            with _said(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.unlink(missing_ok=True)
            match entry:
                case Film():
                    await self._film(entry, target)
                case Beside():
                    await self._beside(entry, target)
                case Again():
                    await asyncio.to_thread(self._again, entry, target)
            self._marker.add(entry.path)
            done += 1
            on_progress(done, len(entries))

        try:
            # Large pictures first, so that none is left to encode alone at the end.
            originals = [entry for entry in entries if not isinstance(entry, Again)]
            originals.sort(key=lambda e: -e.picture.width if isinstance(e, Film) else 0)
            await _together(one(entry) for entry in originals)
            await _together(one(entry) for entry in entries if isinstance(entry, Again))
        finally:
            for stream in self._streams.values():
                stream.cancel()
            await asyncio.gather(*self._streams.values(), return_exceptions=True)
            self._marker.write()

    async def _film(self, film: Film, target: Path) -> None:
        picture = await self._stream(
            (film.seed, film.picture),
            functools.partial(recipes.encode_picture, film.seed, film.picture),
            ".mp4",
        )
        sounds = [
            await self._stream(sound, functools.partial(recipes.encode_sound, sound), ".mka")
            for sound in film.sounds
        ]
        position = FILMS.index(film)
        part = self._scratch / f"film-{position}{target.suffix}"
        await self._run(recipes.mux(film, picture, sounds, self._scratch, part), target)
        self._finish(part, target, position, truncated=film.truncated)

    async def _beside(self, entry: Beside, target: Path) -> None:
        if entry.what is What.ARTWORK:
            await self._run(recipes.artwork(entry.path, target), target)
        else:
            await asyncio.to_thread(target.write_text, recipes.text(entry), "utf-8")

    def _again(self, entry: Again, target: Path) -> None:
        original = self._folder / entry.of
        with _said(target):
            match entry.how:
                case How.HARD_LINK:
                    os.link(original, target)
                case How.SYMLINK:
                    target.symlink_to(os.path.relpath(original, target.parent))
                case How.COPY:
                    part = self._scratch / target.name
                    shutil.copyfile(original, part)
                    self._finish(part, target, len(FILMS) + AGAIN.index(entry))

    def _finish(self, part: Path, target: Path, position: int, *, truncated: bool = False) -> None:
        """Give a finished file its time and its name."""
        at = _MADE_AT + 3600 * position
        with _said(target):
            if truncated:
                os.truncate(part, part.stat().st_size * 6 // 10)
            os.utime(part, (at, at))
            part.rename(target)

    async def _stream(
        self, key: tuple[str, Picture] | Sound, arguments: Callable[[Path], list[str]], suffix: str
    ) -> Path:
        """Encode a stream the first time it is asked for; everybody awaits the same one."""
        if key not in self._streams:
            target = self._scratch / f"stream-{len(self._streams)}{suffix}"

            async def encode() -> Path:
                await self._run(arguments(target), target)
                return target

            self._streams[key] = asyncio.create_task(encode())
        return await asyncio.shield(self._streams[key])

    async def _run(self, arguments: list[str], target: Path) -> None:
        async with self._turns:
            try:
                finished = await run([self._ffmpeg, *arguments], seconds=_SECONDS_A_COMMAND)
            except ProbeTimeout as error:
                raise SourceError(f"{target.name} cannot be made: ffmpeg gives {error}") from error
        if finished.code != 0:
            words = finished.stderr.decode("utf-8", "replace").strip().splitlines()
            raise SourceError(f"{target.name} cannot be made: {words[-1] if words else finished.crashed}")
