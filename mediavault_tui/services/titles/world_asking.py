"""Asking TMDb no more than it takes: which title a question means, and a title's details.

A search answers most questions. Details (a second request) are fetched where they change
something: names that a search does not show, episodes numbered through or by date, rivals
that only running time or episodes tell apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mediavault_tui.domain.choosing import Key
from mediavault_tui.domain.world import Asked, Question, Title, TitleKind
from mediavault_tui.domain.worldmatch import NOTHING, Match, chosen, match
from mediavault_tui.metadata import tmdb
from mediavault_tui.services.titles.world_gate import Answers
from mediavault_tui.store import metadata as store
from mediavault_tui.store.database import Database

_RIVALS = 3
"""Candidates of which details are fetched when the search leaves a doubt."""


class Asker:
    """Asks TMDb through the cache; what it learns of titles is kept."""

    def __init__(self, database: Database, answers: Answers) -> None:
        self._database = database
        self._answers = answers

    @property
    def asked(self) -> int:
        """Questions that the service was really asked."""
        return self._answers.asked

    @property
    def kept(self) -> Asker:
        """The same from what was kept alone: it asks nobody. LookupError where nothing is."""
        return Asker(self._database, Answers(self._database, None))

    async def matches(self, asked: Sequence[Asked]) -> list[Match]:
        """Return the match of each file of one question, asking no more than it takes."""
        question = asked[0].question
        if (given := await self._given(question)) is not None:
            title, why = given
            return [chosen(each, title, why) for each in asked]
        best = [NOTHING] * len(asked)
        pool: dict[Key, Title] = {}
        for form in _forms(question):
            pool |= {title.key: title for title in await self.search(form) if title.key not in pool}
            best = _scored(asked, pool)
            if not all(each.sure for each in best) or _needs_episodes(asked, best):
                # The search does not say enough: names in other languages, lengths, episodes.
                for key in _worth_a_look(best, pool, question):
                    if (detailed := await self.details(key)) is not None:
                        pool[key] = detailed
                best = _scored(asked, pool)
            if all(each.sure for each in best):
                break
        return best

    async def _given(self, question: Question) -> tuple[Title, str] | None:
        """Return the title that an id in the path names, and the words; None without one that exists."""
        if question.tmdb_id is not None:
            title = await self.details((question.kind, question.tmdb_id))
            return (title, f"explicit id tmdb-{question.tmdb_id}") if title else None
        for source, id in (("imdb_id", question.imdb_id), ("tvdb_id", question.tvdb_id)):
            if id is None:
                continue
            titles = await self.find(question.kind, source, str(id))
            if len(titles) == 1:
                if titles[0].kind is TitleKind.TV:
                    titles = [await self.details(titles[0].key) or titles[0]]
                return titles[0], f"explicit id {source.removesuffix('_id')}-{id}"
        return None

    async def find(self, kind: TitleKind, source: str, id: str) -> list[Title]:
        """Return the titles that have an id of another database; `source`: imdb_id or tvdb_id."""
        body = await self._answers.get(tmdb.find(source, id))
        titles = tmdb.read_find(kind, body) if body else []
        if titles:
            await store.in_turn(self._database, lambda conn: store.put_titles(conn, titles))
        return titles

    async def search(self, question: Question) -> list[Title]:
        """Return the titles of the first page of results, with details where they are known."""
        asking = tmdb.search(question.kind, question.title, year=question.year)
        body = await self._answers.get(asking)
        titles, _pages = tmdb.read_search(question.kind, body) if body else ([], 0)
        await store.in_turn(self._database, lambda conn: store.put_titles(conn, titles))
        async with self._database.connection() as conn:
            # Details that are there already are worth more than what the search says.
            return await store.titles(conn, [title.key for title in titles])

    async def details(self, key: Key) -> Title | None:
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
        await store.in_turn(self._database, lambda conn: store.put_titles(conn, [title]))
        return title


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
