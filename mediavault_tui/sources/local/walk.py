"""The regular files below a folder, with one look at each; nothing is opened or followed."""

from __future__ import annotations

import os
import resource
import stat
from collections.abc import Callable, Iterable, Iterator

from mediavault_tui.domain.fenced import Fenced
from mediavault_tui.errors import SourceOffline
from mediavault_tui.sources.local.errors import renamed
from mediavault_tui.sources.local.folders import Folder, Listing, list_folder

_PATIENCE = 8
"""So many more folders that came from a disk than others, and threads are called to go ahead."""
_WHOSE = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)


def distinct_roots(roots: Iterable[bytes]) -> list[bytes]:
    """Return the roots as real paths, without repetitions and without those inside another."""
    kept: list[bytes] = []
    for root in sorted({os.path.realpath(root) for root in roots}, key=len):
        if not any(root.startswith(above.rstrip(b"/") + b"/") for above in kept):
            kept.append(root)
    return sorted(kept)


def walk(
    root: bytes,
    *,
    skip: frozenset[bytes] = frozenset(),
    on_error: Callable[[bytes, str], None],
) -> Iterator[list[tuple[bytes, os.stat_result]]]:
    """Yield, folder by folder, the regular files below `root` with their lstat.

    Links are not followed, mounts are entered, a folder that is its own ancestor is not entered
    again. `skip`: folders not to enter (`domain.fenced`), by their real paths, beside `domain.media.skipped`.
    Raises: SourceOffline if the root is missing, no folder or cannot be listed.
    """
    top = os.path.realpath(root)
    try:
        here = os.stat(top)
        if not stat.S_ISDIR(here.st_mode):
            raise NotADirectoryError(20, "not a folder")
        os.scandir(top).close()
    except OSError as error:
        raise SourceOffline(str(renamed(error, "list the folder", top))) from error
    for listing in _listings((top, (here.st_dev, here.st_ino, ())), Fenced(skip)):
        for path, why in listing.problems:
            on_error(path, why)
        if listing.failure is not None:
            _report(listing, top, on_error)
        if listing.found:
            yield listing.found


def _listings(top: Folder, skip: Fenced) -> Iterator[Listing]:
    """Yield `top` and everything below it, folder by folder, in no particular order.

    What is in memory one thread lists best. As soon as folder after folder comes from a disk,
    several go ahead.
    """
    todo = [top]
    waited = 0
    while todo:
        if waited >= _PATIENCE:
            from mediavault_tui.sources.local.listers import Listers

            yield from Listers(skip).listings(todo)
            return
        before = _fetched()
        listing = list_folder(todo.pop(), skip)
        waited = waited + 1 if _fetched() > before else max(0, waited - 1)
        todo += listing.below
        yield listing


def _fetched() -> int:
    """Return how many blocks this thread has had to fetch from a disk so far.

    Not how often it waited: whoever traces the program makes it wait at every call.
    """
    return resource.getrusage(_WHOSE).ru_inblock


def _report(listing: Listing, top: bytes, on_error: Callable[[bytes, str], None]) -> None:
    """Say why a folder could not be listed; raises SourceOffline if that leaves nothing to believe."""
    folder, error = listing.folder, listing.failure
    assert error is not None
    gone = isinstance(error, FileNotFoundError)
    if folder == top and (gone or not listing.found):
        raise SourceOffline(str(renamed(error, "list the folder", top))) from error
    if not gone:  # a folder below that is gone since it was met is simply not there
        on_error(folder, str(renamed(error, "list the folder", folder)))
