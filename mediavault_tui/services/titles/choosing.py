"""A person chooses which title files are: the queue, the candidates, the choice, and its undoing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from mediavault_tui.domain.choosing import Asking, Key, Puzzle, Typed, read, weigh
from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.world import Question, Title, TitleKind, named
from mediavault_tui.domain.worldmatch import Match, Scored, chosen, show_folder
from mediavault_tui.errors import MetadataError, ServiceDown, UsageError
from mediavault_tui.services.titles.world_asking import Asker
from mediavault_tui.store import choosing as store
from mediavault_tui.store import metadata
from mediavault_tui.store.choosing import BY_A_PERSON, Choice, LastChoice, Waiting
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.metadata import FileToMatch, FoundMatch

_SHOWN = 20
"""Candidates of a search by a person, at most."""


class Choosing:
    """What waits for a person, and what people chose."""

    def __init__(self, database: Database, asker: Asker) -> None:
        self._database = database
        self._asker = asker

    async def asking(self) -> int:
        """Return how many titles wait for a person."""
        async with self._database.connection() as conn:
            return await store.asking(conn)

    async def waiting(self, *, limit: int = 200) -> list[tuple[Waiting, list[Title]]]:
        """Return what a person must choose, with the candidates as far as they are known."""
        async with self._database.connection() as conn:
            rows = await store.waiting(conn, limit=limit)
            kept = [[(kind, id) for kind, id, _, _ in metadata.candidates_of(row.candidates)] for row in rows]
            wanted = dict.fromkeys(key for keys in kept for key in keys)
            known = {title.key: title for title in await metadata.titles(conn, list(wanted))}
        return [
            (row, [known[key] for key in keys if key in known]) for row, keys in zip(rows, kept, strict=True)
        ]

    async def queue(self, *, limit: int = 100, after: Asking | None = None) -> list[Asking]:
        """Return what waits, a line for each title and folder, most files of a title first.

        Up to `limit` titles; none are left when nothing is returned.
        """
        async with self._database.connection() as conn:
            place = (after.questions, after.asked_as) if after else None
            rows = await store.waiting(conn, limit=limit, after=place)
            files = await store.waiting_files(conn, [row.asked_as for row in rows])
        folders: dict[str, dict[bytes, list[FileId]]] = defaultdict(lambda: defaultdict(list))
        for file in files:
            folders[file.asked_as][show_folder(file.path_raw)].append(file.file_id)
        return [
            Asking(row.asked_as, folder, ids[0], len(ids), everywhere, row.files)
            for row in rows
            for everywhere in (sum(map(len, folders[row.asked_as].values())),)
            for folder, ids in sorted(folders[row.asked_as].items(), key=lambda each: -len(each[1]))
        ]

    async def puzzle(self, file: FileId) -> Puzzle:
        """Return what a file may be, from what is kept; nobody is asked.

        Raises: UsageError for a file of which no title can be chosen.
        """
        async with self._database.connection() as conn:
            found = await metadata.match_of(conn, file)
            mine, same = await self._like(file, found.asked_as if found else "")
            kept = (
                {(kind, id): (points, words) for kind, id, points, words in found.candidates} if found else {}
            )
            titles = await metadata.titles(conn, list(kept))
        folder = show_folder(mine.path)
        if titles:
            ranking = [Scored(title, *kept[title.key]) for title in titles]
        else:
            ranking = list((await self._again(mine)).ranking)
        current = found.title if found and found.state in ("sure", "chosen") else None
        if current is not None and current not in [each.title.key for each in ranking]:
            async with self._database.connection() as conn:
                ranking[:0] = [weigh(mine.asked, title) for title in await metadata.titles(conn, [current])]
        return Puzzle(
            file=file,
            path=display(mine.path),
            folder=display(folder),
            asked=mine.asked,
            state=found.state if found else "",
            title=current,
            evidence=found.evidence if found else (),
            files=sum(show_folder(each.path) == folder for each in same),
            everywhere=len(same),
            candidates=tuple(ranking),
        )

    async def search(self, puzzle: Puzzle, text: str) -> list[Scored]:
        """Return what TMDb finds for other words or an id, films and shows, best first for this file.

        Raises: MetadataError when it cannot be asked, offline for what was never asked before.
        """
        kind = puzzle.asked.question.kind
        wanted = read(text, kind)
        try:
            titles = await self._found(wanted, kind)
        except LookupError as error:
            raise ServiceDown(
                f"“{text}” was never asked of TMDb, and there is no key to ask it now:"
                " set TMDB_READ_ACCESS_TOKEN"
            ) from error
        found = [weigh(puzzle.asked, title) for title in titles]
        found.sort(key=lambda each: (each.title.kind is not kind, -each.points, -each.title.popularity))
        return found[:_SHOWN]

    async def title(self, key: Key) -> Title | None:
        """Return a title with cast and running time; without them where nobody can be asked."""
        try:
            return await self._asker.details(key)
        except (MetadataError, LookupError):
            async with self._database.connection() as conn:
                known = await metadata.titles(conn, [key])
            return known[0] if known else None

    async def choose(self, file: FileId, title: Key | None, *, everywhere: bool = False, who: str) -> int:
        """Let a person say which title a file is (None: none of them); how many files that settles.

        The choice holds for every file asked for by the same name in the same show or
        film folder, now and later; `everywhere`: in all folders, where none has a choice of its own.
        Raises: UsageError for an unknown file; MetadataError if the title must be asked for first.
        """
        mine, same = await self._like(file, "")
        if title is not None:
            try:
                known = await self._asker.details(title)
            except LookupError:
                known = await self.title(title)  # offline: what the search said of it has to do
            if known is None:
                raise UsageError(f"TMDb knows no {title[0]} {title[1]}")
        asked_as = mine.asked.question.text
        choice = Choice(asked_as, b"" if everywhere else show_folder(mine.path), title)
        async with self._database.connection() as conn:
            others = [each for each in await store.choices(conn) if each.asked_as == asked_as]
        others = [each for each in others if each.folder != choice.folder]
        settled = [each for each in same if governing([*others, choice], each) == choice]
        found = await self.by_choice(settled, choice)

        async def write(conn: Connection) -> None:
            await store.put_choice(conn, choice, [each.id for each in settled], who=who)
            await metadata.put_matches(conn, found)
            await metadata.tell(conn)

        await metadata.in_turn(self._database, write)
        return len(settled)

    async def undo(self, *, who: str) -> str | None:
        """Take back this person's last choice; the sentence that says so, None if there is none."""

        async def write(conn: Connection) -> tuple[LastChoice, int] | None:
            last = await store.last_choice(conn, who=who)
            if last is None or (files := await store.undo_choice(conn, last)) is None:
                return None
            await metadata.tell(conn)
            return last, files

        undone = await metadata.in_turn(self._database, write)
        if undone is None:
            return None
        last, files = undone
        what = (
            named(Title(TitleKind.MOVIE, 0, last.title, year=last.year or None))
            if last.title
            else "none of them"
        )
        return f"Undone: “{what}” for {files} {'file' if files == 1 else 'files'}, which are as before"

    async def by_choice(self, files: Sequence[FileToMatch], choice: Choice) -> list[FoundMatch]:
        """Return the matches that a choice gives to files."""
        text = choice.asked_as
        if choice.title is None:
            return [FoundMatch(each.id, text, "none", None, evidence=(BY_A_PERSON[1],)) for each in files]
        title = await self.title(choice.title)
        assert title is not None, "a choice refers to a title that is kept"
        return [
            replace(found_match(each, chosen(each.asked, title, BY_A_PERSON[0])), state="chosen")
            for each in files
        ]

    async def _like(self, file: FileId, asked_as: str) -> tuple[FileToMatch, list[FileToMatch]]:
        """Return a file and all that are asked for by its name, itself too."""
        async with self._database.connection() as conn:
            near = await store.files_of_question(conn, asked_as, file)
            mine = next((each for each in near if each.id == file), None)
            if mine is None:
                raise UsageError(f"there is no file number {file} of which a title can be chosen")
            text = mine.asked.question.text
            if text != asked_as:
                near = await store.files_of_question(conn, text, file)
        return mine, [each for each in near if each.asked.question.text == text]

    async def _again(self, file: FileToMatch) -> Match:
        """Score what is kept of the answers for a file anew."""
        try:
            return (await self._asker.kept.matches([file.asked]))[0]
        except LookupError:
            return Match(None, sure=False, confidence=0, margin=0, evidence=())

    async def _found(self, wanted: Typed, kind: TitleKind) -> list[Title]:
        if wanted.external is not None:
            return await self._asker.find(kind, *wanted.external)
        if wanted.keys:
            known = [await self._asker.details(key) for key in wanted.keys]
            return [title for title in known if title is not None]
        if not wanted.words:
            return []
        found: dict[Key, Title] = {}
        missing: LookupError | None = None
        for each in TitleKind:
            for year in dict.fromkeys((wanted.year, None)):
                if year is None and any(key[0] is each for key in found):
                    continue  # the year was no part of the name
                words = wanted.words if year or wanted.year is None else f"{wanted.words} {wanted.year}"
                try:
                    titles = await self._asker.search(Question(each, words, year))
                except LookupError as error:
                    missing = error
                    continue
                found |= {title.key: title for title in titles}
        if missing is not None and not found:
            raise missing
        return list(found.values())


def governing(choices: Sequence[Choice], file: FileToMatch) -> Choice | None:
    """Return the choice that holds for a file: of those for its name and above it, the deepest."""
    text = file.asked.question.text
    fit = [
        each
        for each in choices
        if each.asked_as == text
        and (not each.folder or file.path.startswith(each.folder.rstrip(b"/") + b"/"))
    ]
    return max(fit, key=lambda each: len(each.folder), default=None)


def found_match(file: FileToMatch, each: Match) -> FoundMatch:
    """Return a match as it is kept; candidates only where a person has to choose."""
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
