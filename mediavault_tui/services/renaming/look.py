"""What renames see of folders: each listed once, its names found by how they begin.

A preview looks at thousands of files in few folders, so a listing is kept as long as the `Looks`
is; whoever moves anything looks anew. On a share, and on some disks, case means nothing: there
one entry answers to many spellings, and only a listing tells how it is really written.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from mediavault_tui.domain.holding import below, folded, sidecars_of, split
from mediavault_tui.domain.media import suffix
from mediavault_tui.domain.model import MediaFile
from mediavault_tui.domain.rename_plan import papers_of
from mediavault_tui.domain.renaming import beside
from mediavault_tui.domain.staging import Leg
from mediavault_tui.errors import SourceChanged, SourceMissing
from mediavault_tui.sources.places import Places


class Looks:
    """Listings of folders, by located path. Every method blocks."""

    def __init__(self, source: Places) -> None:
        self._source = source
        self._listed: dict[bytes, list[tuple[str, bytes]]] = {}
        self._there: dict[tuple[bytes, bytes], bytes] = {}

    def alike(self, folder: bytes, name: bytes) -> list[bytes]:
        """Return the names in a folder that count as `name` on some file system; none without the folder."""
        wanted = folded(name)
        listed = self._listing(folder)
        first = bisect_left(listed, (wanted, b""))
        found = []
        for text, each in listed[first:]:
            if text != wanted:
                break
            found.append(each)
        return found

    def beginning(self, folder: bytes, stem: bytes) -> list[bytes]:
        """Return the names in a folder that begin with `stem`, whatever their case."""
        wanted = folded(stem)
        listed = self._listing(folder)
        found = []
        for text, each in listed[bisect_left(listed, (wanted, b"")) :]:
            if not text.startswith(wanted):
                break
            found.append(each)
        return found

    def names(self, folder: bytes) -> list[bytes]:
        """Return every name in a folder; none without the folder."""
        return [name for _, name in self._listing(folder)]

    def spelled(self, destination: bytes, root: bytes) -> bytes:
        """Return `destination` with its folders written as those that it would really go into.

        Where case means something that is the path itself; a folder that is not there stays as asked.
        """
        folder, name = split(destination)
        if not below(folder, root):
            return destination
        above = root.rstrip(b"/")
        for step in folder[len(above) + 1 :].split(b"/"):
            above += b"/" + self._step(above, step)
        return above + b"/" + name

    def _step(self, above: bytes, step: bytes) -> bytes:
        if (above, step) not in self._there:
            alike = self.alike(above, step)
            other = len(alike) == 1 and alike[0] != step and self._source.exists(above + b"/" + step)
            self._there[above, step] = alike[0] if other else step
        return self._there[above, step]

    def _listing(self, folder: bytes) -> list[tuple[str, bytes]]:
        if folder not in self._listed:
            names = self._source.names_in(folder) if self._source.is_folder(folder) else []
            self._listed[folder] = sorted((folded(name), name) for name in names)
        return self._listed[folder]


def legs_of(
    source: Places, looks: Looks, file: MediaFile, destination: bytes, *, papers: bool = False
) -> tuple[Leg, ...]:
    """Return the ways of a video and the sidecars that it has now. Blocks. Raises: SourceError.

    `papers`: also of what its folder says of it, where it leaves that folder and was alone there.
    """
    folder, name = split(file.raw_path)
    stem = name[: len(name) - len(suffix(name))]
    sidecars = [folder + b"/" + each for each in sidecars_of(name, looks.beginning(folder, stem))]
    moves = [(path, beside(path, file.raw_path, destination)) for path in sidecars]
    new = split(destination)[0]
    if papers and new != folder and not below(new, folder):
        found = [paper for paper in papers_of(name, looks.names(folder)) if not looks.alike(new, paper)]
        moves += [(folder + b"/" + paper, new + b"/" + paper) for paper in found]
    return legs_for(source, file, [(file.raw_path, destination), *moves])


def legs_for(source: Places, file: MediaFile, moves: Sequence[tuple[bytes, bytes]]) -> tuple[Leg, ...]:
    """Return the ways of these moves, the video's first; a sidecar that is gone stays out. Blocks."""
    legs = [Leg(*moves[0], file.stamp)]
    for path, destination in moves[1:]:
        try:
            legs.append(Leg(path, destination, source.stat(path).stamp))
        except (SourceMissing, SourceChanged):
            continue  # a link or a folder of such a name stays
    return tuple(legs)
