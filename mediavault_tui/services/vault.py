"""What the UI may call: one object in front of the services, which come alive when first used.

A screen declares a Protocol of the few calls that it makes; `Vault` fits them all. The
services behind it import numpy, rapidfuzz and probers, so each is built in a thread at
its first use: the first rows of the inventory wait for none of them. Long, because it
has one short method for each thing that a pane may ask.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from mediavault_tui.domain.library import (
    ActResult,
    Comparison,
    Copy,
    Cursor,
    Facet,
    FacetCount,
    Folder,
    GroupQuery,
    GroupSummary,
    GroupsWaiting,
    GroupTotals,
    InventoryQuery,
    InventoryRow,
    ScanProgress,
    ScanRecord,
    StagedFile,
    Totals,
)
from mediavault_tui.domain.model import FileId, GroupId, MediaFile, StagedId
from mediavault_tui.domain.paths import LOCAL, PLACES, place
from mediavault_tui.errors import ReadOnly, Refused, UsageError
from mediavault_tui.sources.folders import subfolders

if TYPE_CHECKING:
    from mediavault_tui.domain.accounts import LinkId, PreviewLink
    from mediavault_tui.domain.checks import Check
    from mediavault_tui.domain.choosing import Asking, Key, Puzzle
    from mediavault_tui.domain.lacks import BetterCopy, MissingEpisode
    from mediavault_tui.domain.picture import Picture
    from mediavault_tui.domain.purging import Purgeable, PurgeForecast
    from mediavault_tui.domain.rehearsal import Rehearsal
    from mediavault_tui.domain.rename_plan import Planned, Reach
    from mediavault_tui.domain.rename_plan import Preview as RenamePreview
    from mediavault_tui.domain.stage_terms import StagePreview, Terms
    from mediavault_tui.domain.verdict import Loss
    from mediavault_tui.domain.watching import Answering, Preview
    from mediavault_tui.domain.world import Title
    from mediavault_tui.domain.worldmatch import Scored
    from mediavault_tui.services.asking import Asking as Answers
    from mediavault_tui.services.chat.conversations import Chat
    from mediavault_tui.services.configuration import Configuration
    from mediavault_tui.services.dedupe import Dedupe
    from mediavault_tui.services.library import Library
    from mediavault_tui.services.nas.shares import Nas
    from mediavault_tui.services.pictures import Pictures
    from mediavault_tui.services.renaming.rename import Renaming
    from mediavault_tui.services.scanning.control import ScanControl
    from mediavault_tui.services.scanning.scan import Scanner
    from mediavault_tui.services.staging.stage import Stage
    from mediavault_tui.services.titles.metadata import Metadata
    from mediavault_tui.services.titles.world import World
    from mediavault_tui.services.undoing import Undoing
    from mediavault_tui.services.watching import Watching
    from mediavault_tui.settings import Entry

Service = TypeVar("Service", covariant=True)


class Lazy(Generic[Service]):
    """A service that is built, in a thread and once, when it is first asked for."""

    def __init__(self, build: Callable[[], Service]) -> None:
        self._build = build
        self._built: Service | None = None
        self._lock = asyncio.Lock()

    @property
    def built(self) -> Service | None:
        """The service, if anybody has asked for it."""
        return self._built

    async def __call__(self) -> Service:
        if self._built is None:
            async with self._lock:
                if self._built is None:
                    self._built = await asyncio.to_thread(self._build)
        return self._built


@dataclass(frozen=True, slots=True)
class Services:
    """The services behind a vault."""

    library: Lazy[Library]
    dedupe: Lazy[Dedupe]
    stage: Lazy[Stage]
    undoing: Lazy[Undoing]
    scanner: Lazy[Scanner]
    configuration: Lazy[Configuration]
    pictures: Lazy[Pictures]
    watching: Lazy[Watching]
    asking: Lazy[Answers]
    chat: Lazy[Chat]
    nas: Nas
    """What knows the shares, if there are any."""
    metadata: Lazy[Metadata]
    """What was kept of the world; it asks nobody."""
    world: Lazy[World]
    """What asks TMDb where a person waits for the answer."""
    renaming: Lazy[Renaming]


class Vault:
    """The library as the app sees it: reads, acts in the name of one user, undo."""

    def __init__(
        self,
        services: Services,
        *,
        who: str,
        read_only: bool,
        listen: Callable[[Callable[[str], None]], AbstractAsyncContextManager[None]],
        within: Sequence[Path] | None = None,
    ) -> None:
        """`listen` is `Database.listen` on the channel of the library's changes.

        `within`: the folders, resolved, that alone may be scanned; None: any.
        """
        self._services = services
        self._who = who
        self.read_only = read_only
        self._listen = listen
        self._within = within

    async def page(
        self,
        query: InventoryQuery,
        *,
        after: Cursor | None = None,
        before: Cursor | None = None,
        from_end: bool = False,
        limit: int = 256,
    ) -> list[InventoryRow]:
        """Return a keyset page of the inventory."""
        library = await self._services.library()
        return await library.page(query, after=after, before=before, from_end=from_end, limit=limit)

    async def totals(self, query: InventoryQuery) -> Totals:
        """Return how many files a filter lets through."""
        return await (await self._services.library()).totals(query)

    async def bytes_of(self, files: Sequence[FileId]) -> int:
        """Return how many bytes files have together."""
        return await (await self._services.library()).bytes_of(files)

    async def facets_about(self, query: InventoryQuery) -> dict[Facet, list[FacetCount]]:
        """Return quick estimates of the facets' counts where very many files fit."""
        return await (await self._services.library()).facets_about(query)

    async def facet_counts(self, facet: Facet, query: InventoryQuery) -> list[FacetCount]:
        """Return the values of a facet under a filter."""
        return await (await self._services.library()).facet_counts(facet, query)

    async def world_counts(self, query: InventoryQuery) -> dict[Facet, list[FacetCount]]:
        """Return the values of every facet that titles give, under a filter."""
        return await (await self._services.library()).world_counts(query)

    async def milestones(self, query: InventoryQuery, *, every: int) -> list[Cursor]:
        """Return the cursor of every so-manieth row."""
        return await (await self._services.library()).milestones(query, every=every)

    async def details(self, file: FileId) -> Copy | None:
        """Return all that is known of a file."""
        copy = await (await self._services.library()).file(file)
        if copy is None:
            return None
        metadata = await self._services.metadata()
        if copy.file.work is None:
            return replace(copy, asks=await metadata.asks(file))
        return replace(copy, entry=await metadata.entry(file))

    async def titles_asking(self) -> int:
        """Return how many titles wait for a person."""
        return await (await self._services.world()).choosing.asking()

    async def title_queue(self, *, after: Asking | None = None) -> Sequence[Asking]:
        """Return what waits for a person, some hundred titles at once."""
        return await (await self._services.world()).choosing.queue(after=after)

    async def puzzle(self, file: FileId) -> Puzzle:
        """Return what a file may be, from what is kept."""
        return await (await self._services.world()).choosing.puzzle(file)

    async def find_titles(self, puzzle: Puzzle, text: str) -> Sequence[Scored]:
        """Ask TMDb for other words or an id."""
        return await (await self._services.world()).choosing.search(puzzle, text)

    async def world_title(self, title: Key) -> Title | None:
        """Return a title with cast and running time, as far as they can be had."""
        return await (await self._services.world()).choosing.title(title)

    async def poster(self, title: Key, *, width: int, height: int) -> Picture | None:
        """Return a title's poster; None without one."""
        return await (await self._services.world()).poster(title, width=width, height=height)

    async def choose_title(self, file: FileId, title: Key | None, *, everywhere: bool = False) -> int:
        """Say which title a file and those like it are; how many that settles. `regroup` follows."""
        self._check_writable()
        return await (await self._services.world()).choosing.choose(
            file, title, everywhere=everywhere, who=self._who
        )

    async def regroup(self) -> None:
        """Find the groups anew: titles are known that were not."""
        await (await self._services.dedupe()).refresh()

    async def missing_episodes(
        self, *, limit: int, after: MissingEpisode | None = None
    ) -> Sequence[MissingEpisode]:
        """Return a page of the aired episodes that no file holds."""
        return await (await self._services.world()).missing(limit=limit, after=after)

    async def better_copies(self, *, limit: int, after: BetterCopy | None = None) -> Sequence[BetterCopy]:
        """Return a page of the files of which a better copy lies elsewhere."""
        return await (await self._services.world()).better(limit=limit, after=after)

    async def nearest(self, text: str) -> list[str]:
        """Return the titles most like what was typed."""
        return await (await self._services.library()).nearest(text)

    async def frame(self, file: MediaFile, *, at: float, width: int, height: int) -> Picture:
        """Return a small frame of a film; read-only too, for no file is touched."""
        return await (await self._services.pictures()).frame(file, at=at, width=width, height=height)

    async def groups(
        self, query: GroupQuery, *, limit: int = 200, after: GroupSummary | None = None
    ) -> list[GroupSummary]:
        """Return a page of the undecided groups, most reclaimable bytes first."""
        return await (await self._services.dedupe()).groups(query, limit=limit, after=after)

    async def group_totals(self, query: GroupQuery) -> list[GroupTotals]:
        """Return how many undecided groups there are of each kind and verdict, and their bytes."""
        return await (await self._services.dedupe()).group_totals(query)

    async def waiting(self) -> GroupsWaiting:
        """Return how many groups wait for a decision, and how much they would free."""
        return await (await self._services.dedupe()).waiting()

    async def comparison(self, group: GroupId) -> Comparison:
        """Return a group with all that is needed to decide it."""
        return await (await self._services.dedupe()).comparison(group)

    async def keep_both(self, group: GroupId) -> None:
        """Keep every copy of a group."""
        self._check_writable()
        await (await self._services.dedupe()).keep_both(group, who=self._who)

    async def not_duplicate(self, group: GroupId, a: FileId, b: FileId) -> None:
        """Remember for ever that two files are different works."""
        self._check_writable()
        await (await self._services.dedupe()).not_duplicate(group, a, b, who=self._who)

    async def note(self, group: GroupId, text: str) -> None:
        """Write a note to a group."""
        self._check_writable()
        await (await self._services.dedupe()).note(group, text, who=self._who)

    async def lost_beside(self, group: GroupId, keeper: FileId) -> Mapping[FileId, Sequence[Loss]]:
        """Return what subtitles would go with the other copies of a group that `keeper` has not."""
        return await (await self._services.stage()).lost_beside(group, keeper)

    async def stage_group(self, group: GroupId, keeper: FileId) -> ActResult:
        """Keep one copy of a group, stage the others."""
        return await (await self._acting()).stage_group(group, keeper, who=self._who)

    async def stage_preview(self, files: Sequence[FileId]) -> StagePreview:
        """Return what staging files would do: against which copies, how sure that is, what is lost."""
        return await (await self._services.stage()).preview(files)

    async def stage_files(self, shown: Sequence[Terms]) -> ActResult:
        """Stage files on the terms that a person was shown, each beside the keeper of its group."""
        files = [terms.file for terms in shown]
        return await (await self._acting()).stage_files(files, shown=shown, who=self._who)

    async def stage_sure(self, groups: Sequence[GroupId]) -> ActResult:
        """Stage the worse copies of the groups that are, now, certain or clear, as one act."""
        return await (await self._acting()).stage_groups(groups, sure=True, who=self._who)

    async def pending(
        self, *, limit: int = 200, after: StagedFile | None = None, text: str = "", inverse: bool = False
    ) -> list[StagedFile]:
        """Return a page of what is staged, newest first."""
        stage = await self._services.stage()
        return await stage.pending(limit=limit, after=after, text=text, inverse=inverse)

    async def purgeable(self, staged: Sequence[StagedId] | None = None) -> Purgeable:
        """Return which files (of `staged`) a purge would delete now, and how many are held for longer."""
        return await (await self._services.stage()).purgeable(staged)

    async def forecast(self, staged: Sequence[StagedId] | None = None) -> PurgeForecast:
        """Return what a purge now (of `staged`) would delete and free; every file is looked at for it."""
        return await (await self._services.stage()).forecast(staged)

    async def restore(self, staged: Sequence[StagedId]) -> ActResult:
        """Put staged files back where they came from."""
        return await (await self._acting()).restore(staged, who=self._who)

    async def approve(self, staged: Sequence[StagedId]) -> ActResult:
        """Approve staged files for purging."""
        return await (await self._acting()).approve(staged, who=self._who)

    async def unapprove(self, staged: Sequence[StagedId]) -> ActResult:
        """Take an approval back."""
        return await (await self._acting()).unapprove(staged, who=self._who)

    async def purge(self, staged: Sequence[StagedId], *, word: str) -> ActResult:
        """Delete what of these is approved and due, if the word is the right one."""
        return await (await self._acting()).purge(word=word, who=self._who, staged=staged)

    async def rename_preview(self, files: Sequence[FileId], *, naming: str, reach: Reach) -> RenamePreview:
        """Return what these files would be called by a preset or a pattern; nothing is changed."""
        from mediavault_tui.domain.renaming import named

        return await (await self._services.renaming()).show(named(naming), files, reach)

    async def rename(self, planned: Sequence[Planned]) -> ActResult:
        """Give files the names of a preview, as one act."""
        self._check_writable()
        return await (await self._services.renaming()).rename(planned, who=self._who)

    async def undo(self) -> str:
        """Reverse the last thing that was done, of whatever kind, and say in a sentence what that was."""
        self._check_writable()
        return (await (await self._services.undoing()).undo(who=self._who)).sentence

    def listen(self, heard: Callable[[str], None]) -> AbstractAsyncContextManager[None]:
        """Call back with '<kind>:<id>' whenever anybody changes the library."""

        def told(change: str) -> None:
            if (library := self._services.library.built) is not None:
                library.forget()
            heard(change)

        return self._listen(told)

    async def recover(self) -> list[str]:
        """Finish or undo what a crash left open; one sentence for each."""
        return [] if self.read_only else await (await self._services.stage()).recover()

    async def folders(self, path: Path) -> list[Folder]:
        """Return the folders below `path`, with the videos in each; of `places:`, machine and shares."""
        raw = os.fsencode(path)
        nas = self._services.nas
        if raw == PLACES:
            here = Folder(b"/", "this machine", 0, complete=False, note="every folder of this machine")
            await nas.load()
            return [here, *await asyncio.gather(*map(nas.as_folder, nas.enabled))]
        if place(raw)[0] != LOCAL:
            return await nas.folders(raw)
        return await asyncio.to_thread(subfolders, raw)

    def located(self, word: str) -> Path:
        """Return the folder of a share that a person spelled in some way.

        Raises: UsageError if it is none of a share that is set up.
        """
        name = self._services.nas.names.located(os.fsencode(word))
        if place(name)[0] == LOCAL:
            raise UsageError(f"{word} is no folder here, and of no share that is set up")
        return Path(os.fsdecode(name))

    async def test_share(self, path: Path) -> list[Check]:
        """Try the connection to the share that a located path is on; one line for each step."""
        nas = self._services.nas
        return await nas.test(nas.share(place(os.fsencode(path))[0]))

    async def scan(self, roots: Sequence[Path], control: ScanControl) -> AsyncIterator[ScanProgress]:
        """Take stock of folders and find their duplicates; read-only too, for no file is touched.

        A folder may be spelled in any way that `domain.paths.Names` understands.
        Raises: Refused for a folder that may not be scanned here.
        """
        names = self._services.nas.names
        roots = [Path(os.fsdecode(names.located(os.fsencode(root)))) for root in roots]
        if self._within is not None:
            await asyncio.to_thread(_check_within, roots, self._within)
        scanner = await self._services.scanner()
        async for progress in scanner.scan(roots, control=control):
            yield progress

    async def history(self) -> list[ScanRecord]:
        """Return the scans so far, newest first."""
        return await (await self._services.scanner()).history()

    async def asking(self) -> Answers:
        """Return what answers questions from the database alone."""
        return await self._services.asking()

    async def chat(self) -> Chat:
        """Return the conversations with the language model."""
        return await self._services.chat()

    async def preview(self, files: Sequence[FileId]) -> Preview:
        """Make links to watch one file, or two beside each other; read-only too, for nothing is touched."""
        return await (await self._services.watching()).preview(files, who=self._who)

    async def start_sidecar(self, preview: Preview) -> Answering:
        """Start a sidecar that lives as long as the app."""
        return await (await self._services.watching()).start(preview)

    async def links(self) -> list[PreviewLink]:
        """Return the links that still work, newest first."""
        return await (await self._services.watching()).live()

    async def revoke_link(self, link: LinkId) -> bool:
        """Make a link useless at once."""
        return await (await self._services.watching()).revoke(link)

    async def settings(self) -> Sequence[Entry]:
        """Return every setting as it holds now."""
        return (await self._services.configuration()).settings()

    async def checks(self) -> Sequence[Check]:
        """Ask the database and the programs whether they answer."""
        return await (await self._services.configuration()).checks()

    async def rehearse(self, changes: Mapping[str, str]) -> Rehearsal:
        """Return what would be decided otherwise under other rules; nothing is written."""
        return await (await self._services.configuration()).rehearse(changes)

    async def env_lines(self, changes: Mapping[str, str]) -> tuple[str, Sequence[str]]:
        """Return the path of the `.env` and the lines that belong into it."""
        return (await self._services.configuration()).env_lines(changes)

    def _check_writable(self) -> None:
        if self.read_only:
            raise ReadOnly

    async def _acting(self) -> Stage:
        self._check_writable()
        return await self._services.stage()


def _check_within(roots: Sequence[Path], within: Sequence[Path]) -> None:
    for root in roots:
        if not any(root.resolve().is_relative_to(folder) for folder in within):
            raise Refused(
                f"Only {', '.join(map(str, within))} may be scanned here;"
                f" to scan {root}, leave and open it with `mediavault app`"
            )
