"""Subtitles beside a file that goes: they go along, so what only they have is lost when it is purged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from mediavault_tui.domain.holding import split
from mediavault_tui.domain.losses import losses_beside
from mediavault_tui.domain.model import MediaFile
from mediavault_tui.domain.subtitles import every_kind
from mediavault_tui.domain.verdict import Loss
from mediavault_tui.errors import Refused

Names = Callable[[bytes], Sequence[bytes]]
"""List the names in a folder; raises SourceError."""


def lost_beside(
    loser: MediaFile, keeper: MediaFile, going: Iterable[bytes], names_in: Names
) -> tuple[Loss, ...]:
    """Return what subtitles `keeper` has not that are among `going`, the files that go along with `loser`.

    The keeper's folder is listed only where there are any. Blocks.
    """
    own = every_kind(split(loser.raw_path)[1], [split(path)[1] for path in going])
    if not own:
        return ()
    folder, name = split(keeper.raw_path)
    return losses_beside(keeper.info, every_kind(name, names_in(folder)), own)


def must_not_be_lost(loser: MediaFile, keeper: MediaFile, going: Iterable[bytes], names_in: Names) -> None:
    """Make sure that no subtitles go which `keeper` has not; for files that nobody has compared. Blocks.

    Raises: Refused; SourceError if the keeper's folder cannot be listed.
    """
    if lost := lost_beside(loser, keeper, going, names_in):
        raise Refused(
            f"{loser.path} stays: subtitles beside it would go too that {keeper.path} has not"
            f" ({'; '.join(map(str, lost))}); compare the two and choose"
        )
