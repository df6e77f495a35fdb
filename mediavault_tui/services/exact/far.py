"""Byte-identical files of folders on shares, and here, together: `mediavault exact` over a network.

The same proof as `services.exact.tree`, through `sources.places`; paths are located.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from mediavault_tui.domain.holding import split
from mediavault_tui.domain.manifest import MANIFEST, is_manifest
from mediavault_tui.domain.media import is_mpeg_ts, may_be_video, named_as_held, suffix
from mediavault_tui.domain.paths import place
from mediavault_tui.errors import SourceError, SourceOffline, UsageError
from mediavault_tui.services.exact.candidates import hash_candidates
from mediavault_tui.services.exact.lockstep import Candidate
from mediavault_tui.services.exact.tree import ExactGroup, ExactReport, Unread
from mediavault_tui.sources.base import FoundFile, WalkError
from mediavault_tui.sources.places import Places

_FEW = 2
_TS = 4 * 192
"""Bytes that tell whether a `.ts` is a film."""


def find_exact_far(
    places: Places, roots: Sequence[bytes], *, readers: int | None = None, videos: bool = False
) -> ExactReport:
    """Find the groups of equal files below located roots, of which none lies in another. Blocks.

    Raises: UsageError if a root cannot be listed.
    """
    errors: list[Unread] = []
    found: list[FoundFile] = []

    def unread(error: WalkError) -> None:
        errors.append(Unread(error.path, error.message))

    for root in roots:
        try:
            for batch in places.walk(root, skip=frozenset(), on_error=unread):
                found += batch
        except SourceOffline as error:
            raise UsageError(str(error)) from error
    held = {
        folder
        for folder, name in (split(file.path) for file in found)
        if name == MANIFEST and named_as_held(folder) and _is_manifest(places, folder)
    }
    free = [file for file in found if split(file.path)[0] not in held]
    left_out = len(found) - len(free) - len(held)  # but for the manifests
    found = [file for file in free if not videos or _is_video(places, file.path)]
    counts: list[int] = []
    alike: dict[tuple[int, bytes], dict[tuple[str, int, int], list[bytes]]] = defaultdict(
        lambda: defaultdict(list)
    )
    candidates = [Candidate(file) for file in found]
    for hashed in hash_candidates(places, candidates, readers=readers or _FEW, on_bytes=counts.append):
        file = hashed.file
        if hashed.error is not None:
            errors.append(Unread(file.path, str(hashed.error)))
        elif hashed.content_hash is not None:
            one = (place(file.path)[0], file.stamp.device, file.stamp.inode)
            alike[file.stamp.size, hashed.content_hash][one].append(file.path)
    groups = [
        ExactGroup(size, content, sorted(sorted(names) for names in files.values()))
        for (size, content), files in alike.items()
        if len(files) > 1
    ]
    groups.sort(key=lambda group: (-group.size, group.files))
    return ExactReport(groups, errors, len(found), sum(counts), left_out)


def _is_manifest(places: Places, folder: bytes) -> bool:
    try:
        with places.open(folder + b"/" + MANIFEST) as reader:
            text = memoryview(bytearray(reader.stamp().size))
            return is_manifest(bytes(text[: reader.read_into(0, text)]))
    except SourceError:
        return False


def _is_video(places: Places, path: bytes) -> bool:
    name = path[path.rfind(b"/") + 1 :]
    if not may_be_video(name) or suffix(name) != b".ts":
        return may_be_video(name)
    head = memoryview(bytearray(_TS))
    try:
        with places.open(path) as reader:
            return is_mpeg_ts(bytes(head[: reader.read_into(0, head)]))
    except SourceError:
        return True  # reading it will say why it cannot be
