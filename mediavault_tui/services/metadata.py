"""What the world says of the library: ask TMDb once a title, match every file, let people choose.

One question stands for all files of one name; a search answers it in most cases. Details (a
second request) are fetched where they change something: names that a search does not show,
episodes numbered through or by date, rivals that only running time or episodes tell apart,
and films of which copies differ in length or edition.

Longer than other modules: the order in which TMDb is asked is one story, read from top to bottom.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace

from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.world import Asked, Entry, Question, Title, TitleKind, disagreements
from mediavault_tui.domain.worldmatch import NOTHING, Match, chosen, match, show_folder
from mediavault_tui.errors import UsageError
from mediavault_tui.metadata import tmdb
from mediavault_tui.services.world_gate import Answers
from mediavault_tui.store import metadata as store
from mediavault_tui.store import requests
from mediavault_tui.store.database import Database
from mediavault_tui.store.metadata import Choice, FileToMatch, FoundMatch, Key

AT_ONCE = 8
"""Questions that are worked on at the same time."""
_PAGE = 5000
_RIVALS = 3
"""Candidates of which details are fetched when the search leaves a doubt."""
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
        self._answers = answers

    async def fetch(self, *, again: bool = False, at_once: int = AT_ONCE) -> AsyncIterator[FetchProgress]:
        """Match every present file that has no match yet; go on where an earlier fetch stopped.

        `again`: also those that wait for a person or are unknown. Each title's matches are
        committed when it is done. Raises: MetadataError when TMDb stays away.
        """
        async with self._database.connection() as conn:
            await requests.prune(conn, days=_KEEP_ANSWERS)
            choices = await store.choices(conn)
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
                    done = _counted(done, task.result(), self._answers.asked)
                yield done
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        async with self._database.connection() as conn:
            keys = await store.worth_details(conn)
        for key in keys:
            await self._details(key)
        if groups:
            async with self._database.transaction() as conn:
                await store.tell(conn)
        yield replace(done, asked=self._answers.asked)

    async def fetch_details(self, *, limit: int = 100_000) -> int:
        """Fetch the details of titles that are known from a search only; how many were."""
        async with self._database.connection() as conn:
            keys = await store.without_details(conn, limit=limit)
        for key in keys:
            await self._details(key)
        return len(keys)

    async def waiting(self, *, limit: int = 200) -> list[tuple[store.Waiting, list[Title]]]:
        """Return what a person must choose, with the candidates as far as they are known."""
        async with self._database.connection() as conn:
            rows = await store.waiting(conn, limit=limit)
            return [
                (
                    row,
                    await store.titles(conn, [(k, i) for k, i, _, _ in store.candidates_of(row.candidates)]),
                )
                for row in rows
            ]

    async def choose(self, file: FileId, title: Key | None, *, everywhere: bool = False, who: str) -> int:
        """Let a person say which title a file is (None: none of them); how many files that settles.

        The choice holds for every file asked for by the same name in the same show or
        film folder, now and later; `everywhere`: in all folders.
        Raises: UsageError for an unknown file; MetadataError if the title must be asked for first.
        """
        files = [each async for each in self._files()]
        mine = next((each for each in files if each.id == file), None)
        if mine is None:
            raise UsageError(f"there is no file number {file} of which a title can be chosen")
        if title is not None and await self._details(title) is None:
            raise UsageError(f"TMDb knows no {title[0]} {title[1]}")
        asked_as = mine.asked.question.text
        choice = Choice(asked_as, b"" if everywhere else show_folder(mine.path), title)
        same = [each for each in files if each.asked.question.text == asked_as and _applies(choice, each)]
        found = await self._by_choice(same, choice)
        async with self._database.transaction() as conn:
            await store.put_choice(conn, choice, who=who)
            await store.put_matches(conn, found)
            await store.tell(conn)
        return len(same)

    async def entry(self, file: FileId, *, fetch: bool = False) -> Entry | None:
        """Return what is known of a file's title; `fetch`: ask for its details if they are not there yet."""
        async with self._database.connection() as conn:
            found = await store.match_of(conn, file)
            if found is None or found.title is None or found.state not in ("sure", "chosen"):
                return None
            (title,) = await store.titles(conn, [found.title])
        if fetch and not title.detailed:
            title = await self._details(title.key) or title
        if title.imdb_id is None:
            return Entry(title)
        async with self._database.connection() as conn:
            ratings = await store.ratings(conn, title.imdb_id)
        return Entry(title, ratings, disagreements(title, ratings))

    async def status(self) -> dict[str, int]:
        """Return counts of files by state, of titles, and of requests in the current windows."""
        async with self._database.connection() as conn:
            files, titles = await store.tally(conn)
            day = await requests.within(conn, "omdb", window=86_400.0)
        states = {f"files_{state}": files.get(state, 0) for state in ("sure", "chosen", "ask", "none", "new")}
        return {**states, **titles, "omdb_requests_24h": day}

    async def missing_episodes(self, tmdb_id: int | None = None) -> list[store.MissingEpisode]:
        """Return the aired episodes that no file holds, of shows whose episodes are known."""
        async with self._database.connection() as conn:
            return await store.missing_episodes(conn, tmdb_id)

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
        rest = list(files)
        text = files[0].asked.question.text
        for choice in sorted(choices, key=lambda each: -len(each.folder)):
            if choice.asked_as == text:
                same = [each for each in rest if _applies(choice, each)]
                rest = [each for each in rest if each not in same]
                found += await self._by_choice(same, choice)
        if rest:
            matches = agreed(rest, await self._matches([each.asked for each in rest]))
            found += [_found(file, each) for file, each in zip(rest, matches, strict=True)]
        async with self._database.transaction() as conn:
            await store.put_matches(conn, found)
        return found

    async def _by_choice(self, files: Sequence[FileToMatch], choice: Choice) -> list[FoundMatch]:
        text = choice.asked_as
        if choice.title is None:
            return [
                FoundMatch(each.id, text, "none", None, evidence=("a person said: none of them",))
                for each in files
            ]
        title = await self._details(choice.title)
        assert title is not None, "a choice refers to a title that is kept"
        return [
            replace(_found(each, chosen(each.asked, title, "chosen by a person")), state="chosen")
            for each in files
        ]

    async def _matches(self, asked: Sequence[Asked]) -> list[Match]:
        """Return the match of each file of one question, asking no more than it takes."""
        question = asked[0].question
        if (given := await self._given(question)) is not None:
            title, why = given
            return [chosen(each, title, why) for each in asked]
        best = [NOTHING] * len(asked)
        pool: dict[Key, Title] = {}
        for form in _forms(question):
            pool |= {title.key: title for title in await self._search(form) if title.key not in pool}
            best = _scored(asked, pool)
            if not all(each.sure for each in best) or _needs_episodes(asked, best):
                # The search does not say enough: names in other languages, lengths, episodes.
                for key in _worth_a_look(best, pool, question):
                    if (detailed := await self._details(key)) is not None:
                        pool[key] = detailed
                best = _scored(asked, pool)
            if all(each.sure for each in best):
                break
        return best

    async def _given(self, question: Question) -> tuple[Title, str] | None:
        """Return the title that an id in the path names, and the words; None without one that exists."""
        if question.tmdb_id is not None:
            title = await self._details((question.kind, question.tmdb_id))
            return (title, f"explicit id tmdb-{question.tmdb_id}") if title else None
        for source, id in (("imdb_id", question.imdb_id), ("tvdb_id", question.tvdb_id)):
            if id is None:
                continue
            body = await self._answers.get(tmdb.find(source, str(id)))
            titles = tmdb.read_find(question.kind, body) if body else []
            if len(titles) == 1:
                async with self._database.transaction() as conn:
                    await store.put_titles(conn, titles)
                if titles[0].kind is TitleKind.TV:
                    titles = [await self._details(titles[0].key) or titles[0]]
                return titles[0], f"explicit id {source.removesuffix('_id')}-{id}"
        return None

    async def _search(self, question: Question) -> list[Title]:
        asking = tmdb.search(question.kind, question.title, year=question.year)
        body = await self._answers.get(asking)
        titles, _pages = tmdb.read_search(question.kind, body) if body else ([], 0)
        async with self._database.transaction() as conn:
            await store.put_titles(conn, titles)
            # Details that are there already are worth more than what the search says.
            return await store.titles(conn, [title.key for title in titles])

    async def _details(self, key: Key) -> Title | None:
        """Return a title with its details, asked for if need be; None if TMDb has no such id."""
        async with self._database.connection() as conn:
            known = await store.titles(conn, [key])
        if known and known[0].detailed:
            return known[0]
        body = await self._answers.get(tmdb.details(*key))
        if body is None:
            return None
        title = tmdb.read_details(key[0], body)
        more = [
            tmdb.read_season(season)
            for number in (tmdb.missing_seasons(body) if key[0] is TitleKind.TV else ())
            if (season := await self._answers.get(tmdb.season(key[1], number))) is not None
        ]
        title = replace(title, episodes=(*title.episodes, *(e for season in more for e in season)))
        async with self._database.transaction() as conn:
            await store.put_titles(conn, [title])
        return title


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


def _forms(question: Question) -> Iterable[Question]:
    """Yield the ways to ask, best first: as it is, without the year, the part before a dash or colon."""
    bare = replace(question, tmdb_id=None, imdb_id=None, tvdb_id=None)
    if not bare.title:
        return
    yield bare
    if bare.year is not None:
        yield replace(bare, year=None)
    for mark in (" - ", ": "):
        head, found, _ = bare.title.partition(mark)
        if found and len(head) > 3:
            yield replace(bare, title=head, year=bare.year)
            return


def _scored(asked: Sequence[Asked], pool: dict[Key, Title]) -> list[Match]:
    return [match(each, pool.values()) for each in asked]


def _needs_episodes(asked: Sequence[Asked], best: Sequence[Match]) -> bool:
    """Whether a show's episodes are needed to place a file: numbered through, by date, or a special."""
    return any(
        found.best is not None
        and found.best.kind is TitleKind.TV
        and not found.best.detailed
        and (each.season is None or each.season == 0)
        for each, found in zip(asked, best, strict=True)
    )


def _worth_a_look(best: Sequence[Match], pool: dict[Key, Title], question: Question) -> list[Key]:
    """Return the candidates whose details may settle what is unsure, the best first."""
    points: dict[Key, int] = {}
    for each in best:
        for scored in each.ranking[:_RIVALS]:
            points[scored.title.key] = max(points.get(scored.title.key, 0), scored.points)
    ranked = sorted(points, key=lambda key: -points[key])
    if not ranked:
        # Nothing is alike by the names that a search shows: TMDb found them by others.
        ranked = sorted(pool, key=lambda key: -pool[key].popularity)
        if question.year is not None:
            ranked = [k for k in ranked if (y := pool[k].year) is None or abs(y - question.year) <= 1]
    return [key for key in ranked[:_RIVALS] if not pool[key].detailed]


def _applies(choice: Choice, file: FileToMatch) -> bool:
    return not choice.folder or file.path.startswith(choice.folder.rstrip(b"/") + b"/")


def _found(file: FileToMatch, each: Match) -> FoundMatch:
    state = "sure" if each.sure else "ask" if each.best is not None else "none"
    return FoundMatch(
        file=file.id,
        asked_as=file.asked.question.text,
        state=state,
        title=each.best.key if each.best is not None else None,
        season=each.place.season,
        episodes=each.place.episodes,
        confidence=each.confidence,
        margin=each.margin,
        evidence=(*each.evidence, *((each.place.evidence,) if each.place.evidence else ())),
        candidates=tuple((s.title.kind, s.title.tmdb_id, s.points, s.evidence) for s in each.ranking)
        if state == "ask"
        else (),
    )


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
