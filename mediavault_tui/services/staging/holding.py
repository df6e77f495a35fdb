"""The folder that takes staged files: made where it belongs, and media servers kept out of it. Blocks."""

from __future__ import annotations

from contextlib import suppress

from mediavault_tui.domain.holding import KEPT_OUT, below, holding_folder, split
from mediavault_tui.domain.media import HELD_KINDS
from mediavault_tui.domain.paths import LOCAL, locate, place
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import SourceError, SourceOffline
from mediavault_tui.services.staging import checks as stage_checks
from mediavault_tui.services.staging.drafts import Way
from mediavault_tui.sources.places import Places


def make_folder(source: Places, way: Way, *, used: bool) -> None:
    """Make the date folder, but never in the place of a disk that is not mounted.

    `used`: files are staged in that holding folder now. Where it is gone, an empty mount point is left.
    Raises: SourceOffline; SourceChanged for a link on the way.
    """
    folder, top, root = way.folder, way.top, way.root
    base = root if below(top, root) else _must_stand(top)
    stage_checks.mounted(source, top)
    if not source.is_folder(base) or (used and base != root and not source.is_folder(top)):
        raise SourceOffline(f"{display(base)} is not there; is its disk mounted?")
    above = folder
    while above != base and not source.exists(above):
        above = split(above)[0]
    if below(above, top):
        source.real_folder(above, top=top)
    new = not below(above, top) and _is_new(source, top)
    source.make_folder(folder)
    source.real_folder(folder, top=root if top == holding_folder(None, root) else top)
    if new:
        _keep_out(source, top)


def _is_new(source: Places, top: bytes) -> bool:
    """Return whether nothing was ever staged in a holding folder; one that cannot be listed is not new."""
    try:
        return not source.is_folder(top) or HELD_KINDS.isdisjoint(source.names_in(top))
    except SourceError:
        return False


def _keep_out(source: Places, top: bytes) -> None:
    """Keep media servers out of a holding folder, once: it may lie in a library of theirs.

    What lies there under such a name is somebody's; where none can be made, files are staged all the same.
    """
    for name, content in KEPT_OUT.items():
        with suppress(SourceError):
            source.write_new(top.rstrip(b"/") + b"/" + name, content)


def _must_stand(top: bytes) -> bytes:
    """Return the folder that shows that the disk of a holding folder is there: a share is one whole."""
    source, path = place(top)
    return split(top)[0] if source == LOCAL else locate(source, b"/" + path.split(b"/")[1])
