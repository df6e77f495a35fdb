"""What the world says of the library: every file's title, asked for once a name.

One question stands for all files of one name (`services.titles.world_asking` says how it is put);
what is not sure waits for a person (`services.titles.choosing`).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from mediavault_tui.domain.choosing import Key
from mediavault_tui.domain.lacks import BetterCopy, MissingEpisode
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.world import Entry, TitleKind, disagreements
from mediavault_tui.domain.worldmatch import Match, chosen, show_folder
from mediavault_tui.services.titles.choosing import Choosing, found_match, governing
from mediavault_tui.services.titles.world_asking import Asker
from mediavault_tui.services.titles.world_gate import Answers
from mediavault_tui.store import choosing, lacks, requests
from mediavault_tui.store import metadata as store
from mediavault_tui.store.choosing import Choice
from mediavault_tui.store.database import Database
from mediavault_tui.store.metadata import FileToMatch, FoundMatch

AT_ONCE = 8
"""Questions that are worked on at the same time."""
_PAGE = 5000
_KEEP_ANSWERS = 180
"""Days after which an answer that nobody used again is forgotten."""


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """How far a fetch has come; `asked`: requests that it really made."""

    titles: int
    titles_done: int
    files: int
    sure: int
    unsure: int
    unknown: int
    asked: int


class Metadata:
    """The service that the command line and the app call."""

    def __init__(self, database: Database, answers: Answers) -> None:
        self._database = database
        self._asker = Asker(database, answers)
        self.choosing = Choosing(database, self._asker)

    async def fetch(self, *, again: bool = False, at_once: int = AT_ONCE) -> AsyncIterator[FetchProgress]:
        """Match every present file that has no match yet; go on where an earlier fetch stopped.

        `again`: also those that wait for a person or are unknown. Each title's matches are
        committed when it is done. Raises: MetadataError when TMDb stays away.
        """
        async with self._database.connection() as conn:
            await requests.prune(conn, days=_KEEP_ANSWERS)
            choices = await choosing.choices(conn)
        while await store.in_turn(self._database, store.key_titles):
            pass
        groups = await self._open_questions(again)
        done = FetchProgress(len(groups), 0, 0, 0, 0, 0, 0)
        yield done
        waiting = iter(groups.values())
        running: set[asyncio.Task[list[FoundMatch]]] = set()
        try:
            while True:
                while len(running) < at_once and (files := next(waiting, None)) is not None:
                    running.add(asyncio.create_task(self._settle(files, choices)))
                if not running:
                    break
                finished, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in finished:
                    done = _counted(done, task.result(), self._asker.asked)
                yield done
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        async with self._database.connection() as conn:
            keys = await store.worth_details(conn)
        for key in keys:
            await self._asker.details(key)
        if groups:
            async with self._database.transaction() as conn:
                await store.tell(conn)
        yield replace(done, asked=self._asker.asked)

    async def fetch_details(self, *, limit: int = 100_000) -> int:
        """Fetch the details of titles that are known from a search only; how many were."""
        async with self._database.connection() as conn:
            keys = await store.without_details(conn, limit=limit)
        for key in keys:
            await self._asker.details(key)
        return len(keys)

    async def entry(self, file: FileId, *, fetch: bool = False) -> Entry | None:
        """Return what is known of a file's title; `fetch`: ask for its details if they are not there yet."""
        async with self._database.connection() as conn:
            found = await store.match_of(conn, file)
            if found is None or found.title is None or found.state not in ("sure", "chosen"):
                return None
            (title,) = await store.titles(conn, [found.title])
        if fetch and not title.detailed:
            title = await self._asker.details(title.key) or title
        if title.imdb_id is None:
            return Entry(title)
        async with self._database.connection() as conn:
            ratings = await store.ratings(conn, title.imdb_id)
        return Entry(title, ratings, disagreements(title, ratings))

    async def asks(self, file: FileId) -> bool:
        """Return whether a person must choose a file's title."""
        async with self._database.connection() as conn:
            found = await store.match_of(conn, file)
        return found is not None and found.state == "ask"

    async def status(self) -> dict[str, int]:
        """Return counts of files by state, of titles, and of requests in the current windows."""
        async with self._database.connection() as conn:
            files, titles = await store.tally(conn)
            day = await requests.within(conn, "omdb", window=86_400.0)
        states = {f"files_{state}": files.get(state, 0) for state in ("sure", "chosen", "ask", "none", "new")}
        return {**states, **titles, "omdb_requests_24h": day}

    async def poster_name(self, key: Key) -> str:
        """Return TMDb's name of a title's poster; empty without one."""
        async with self._database.connection() as conn:
            return await store.poster_name(conn, key)

    async def missing_episodes(
        self, tmdb_id: int | None = None, *, limit: int = 1_000_000, after: MissingEpisode | None = None
    ) -> list[MissingEpisode]:
        """Return the aired episodes that no file holds, of shows whose episodes are known."""
        async with self._database.connection() as conn:
            return await lacks.missing_episodes(conn, tmdb_id, limit=limit, after=after)

    async def better_copies(
        self, *, limit: int = 1_000_000, after: BetterCopy | None = None
    ) -> list[BetterCopy]:
        """Return the files of which a better copy lies in another folder or source, most bytes first."""
        async with self._database.connection() as conn:
            return await lacks.better_copies(conn, limit=limit, after=after)

    async def _files(self) -> AsyncIterator[FileToMatch]:
        after: int | None = 0
        while after is not None:
            async with self._database.connection() as conn:
                files, after = await store.files_to_match(conn, after=after, limit=_PAGE)
            for file in files:
                yield file

    async def _open_questions(self, again: bool) -> dict[str, list[FileToMatch]]:
        """Group the files without a valid match by what is asked for them; all files of such a question."""
        groups: dict[str, list[FileToMatch]] = defaultdict(list)
        still_open: set[str] = set()
        async for file in self._files():
            text = file.asked.question.text
            groups[text].append(file)
            if file.asked_as != text or (again and file.state in ("ask", "none")):
                still_open.add(text)
        return {text: groups[text] for text in sorted(still_open)}

    async def _settle(self, files: Sequence[FileToMatch], choices: Sequence[Choice]) -> list[FoundMatch]:
        """Find and keep the matches of all files of one question."""
        found: list[FoundMatch] = []
        rest: list[FileToMatch] = []
        chosen_for: dict[Choice, list[FileToMatch]] = defaultdict(list)
        text = files[0].asked.question.text
        here = [choice for choice in choices if choice.asked_as == text]
        for file in files:
            choice = governing(here, file) if here else None
            (rest if choice is None else chosen_for[choice]).append(file)
        for choice, same in chosen_for.items():
            found += await self.choosing.by_choice(same, choice)
        if rest:
            matches = agreed(rest, await self._asker.matches([each.asked for each in rest]))
            found += [found_match(file, each) for file, each in zip(rest, matches, strict=True)]
        await store.in_turn(self._database, lambda conn: store.put_matches(conn, found))
        return found


def agreed(files: Sequence[FileToMatch], matches: Sequence[Match]) -> list[Match]:
    """Let the sure files of a folder speak for the unsure ones of the same name in it."""
    sure: dict[bytes, set[Key]] = defaultdict(set)
    for file, each in zip(files, matches, strict=True):
        if each.sure and each.best is not None:
            sure[show_folder(file.path)].add(each.best.key)
    settled = []
    for file, each in zip(files, matches, strict=True):
        keys = sure[show_folder(file.path)]
        if not each.sure and len(keys) == 1:
            title = next((s.title for s in each.ranking if s.title.key in keys), None)
            lead = each.ranking[0].points - next((s.points for s in each.ranking if s.title.key in keys), 0)
            if title is not None and title.kind is TitleKind.TV and lead < 10:
                settled.append(chosen(file.asked, title, "other files of its folder can only be this show"))
                continue
        settled.append(each)
    return settled


def _counted(done: FetchProgress, found: Sequence[FoundMatch], asked: int) -> FetchProgress:
    states = [each.state for each in found]
    return FetchProgress(
        titles=done.titles,
        titles_done=done.titles_done + 1,
        files=done.files + len(found),
        sure=done.sure + states.count("sure") + states.count("chosen"),
        unsure=done.unsure + states.count("ask"),
        unknown=done.unknown + states.count("none"),
        asked=asked,
    )
