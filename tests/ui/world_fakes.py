"""What the world says in the app's tests: titles to choose among, posters, what is missing or better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mediavault_tui.domain.choosing import Asking, Key, Puzzle, weigh
from mediavault_tui.domain.lacks import BetterCopy, MissingEpisode
from mediavault_tui.domain.library import Facet, FacetCount, InventoryQuery
from mediavault_tui.domain.model import FileId, GroupId
from mediavault_tui.domain.picture import Picture
from mediavault_tui.domain.verdict import Verdict
from mediavault_tui.domain.world import Asked, Question, Title, TitleKind
from mediavault_tui.domain.worldfacets import WORLD
from mediavault_tui.domain.worldmatch import Scored
from mediavault_tui.errors import ServiceDown

HEAT = Title(
    TitleKind.MOVIE, 949, "Heat", "Heat", "en", 1995, ("US",), 170 * 60, genres=(28, 80, 18),
    overview="A robber who lets go of everything in thirty seconds, and the policeman who never does.",
    rating=7.9, votes=7200, popularity=70, poster="/heat.jpg", imdb_id="tt0113277",
    credits=("Michael Mann", "Al Pacino", "Robert De Niro", "Val Kilmer"), detailed=True,
)  # fmt: skip
OLDER = Title(
    TitleKind.MOVIE, 31865, "Heat", "Heat", "en", 1986, ("US",), 101 * 60, genres=(28, 53), popularity=8,
    overview="A bodyguard in Las Vegas wants to leave for Venice.", rating=5.4, votes=210,
    credits=("Dick Richards", "Burt Reynolds"), detailed=True, poster="/older.jpg",
)  # fmt: skip
OFFICE_UK = Title(
    TitleKind.TV, 2996, "The Office", year=2001, countries=("GB",), popularity=20, poster="/uk.jpg"
)
OFFICE = Title(
    TitleKind.TV, 2316, "The Office", year=2005, countries=("US",), popularity=90, poster="/us.jpg"
)


def puzzle(
    file: int,
    name: str,
    titles: Sequence[Title],
    *,
    duration: float = 170 * 60.0,
    files: int = 1,
    everywhere: int = 0,
) -> Puzzle:
    """Return a file that asks which of these it is."""
    kind = titles[0].kind
    asked = Asked(Question(kind, titles[0].title), duration=duration)
    return Puzzle(
        FileId(file),
        f"/films/{name}",
        "/films",
        asked,
        "ask",
        None,
        ("hardly ahead",),
        files,
        everywhere or files,
        tuple(weigh(asked, title) for title in titles),
    )


class FakeWorld:
    """Two titles that ask, once `ask` was called; searches find what is in `found`."""

    def __init__(self) -> None:
        self.puzzles: list[Puzzle] = []
        self.found: dict[str, Sequence[Title]] = {}
        self.searched: list[str] = []
        self.chosen: list[tuple[FileId, Key | None, bool]] = []
        self.regrouped = 0
        self.offline = False
        self.episodes: list[MissingEpisode] = []
        self.copies: list[BetterCopy] = []
        self.facets: dict[Facet, Sequence[FacetCount]] = {}

    def ask(self) -> None:
        """Let two titles ask for a choice."""
        self.puzzles = [
            puzzle(1, "Heat [x265].mkv", [HEAT, OLDER], files=2, everywhere=3),
            puzzle(2, "The Office - S01E01.mkv", [OFFICE_UK, OFFICE], duration=29 * 60.0, files=6),
        ]

    async def world_counts(self, query: InventoryQuery) -> Mapping[Facet, Sequence[FacetCount]]:
        return {facet: self.facets.get(facet, ()) for facet in WORLD}

    async def titles_asking(self) -> int:
        return len(self.puzzles)

    async def title_queue(self, *, after: Asking | None = None) -> Sequence[Asking]:
        if after is not None:
            return []
        return [
            Asking(
                each.asked.question.text,
                each.folder.encode(),
                each.file,
                each.files,
                each.everywhere,
                each.everywhere,
            )
            for each in self.puzzles
        ]

    async def puzzle(self, file: FileId) -> Puzzle:
        return next(
            (each for each in self.puzzles if each.file == file), puzzle(file, "Heat.mkv", [HEAT, OLDER])
        )

    async def find_titles(self, puzzle: Puzzle, text: str) -> Sequence[Scored]:
        self.searched.append(text)
        if self.offline:
            raise ServiceDown(f"“{text}” was never asked of TMDb, and there is no key to ask it now")
        return [weigh(puzzle.asked, title) for title in self.found.get(text, ())]

    async def world_title(self, title: Key) -> Title | None:
        return None

    async def poster(self, title: Key, *, width: int, height: int) -> Picture | None:
        across = min(width, height * 2 // 3)
        down = across * 3 // 2
        ground = (40 + title[1] % 200, 60, 120)
        pixels = (bytes((*ground[:2], 255 * y // down)) for y in range(down) for _ in range(across))
        return Picture(across, down, b"".join(pixels)) if across else None

    async def choose_title(self, file: FileId, title: Key | None, *, everywhere: bool = False) -> int:
        self.chosen.append((file, title, everywhere))
        settled = next((each for each in self.puzzles if each.file == file), None)
        self.puzzles = [each for each in self.puzzles if each.file != file]
        return (settled.everywhere if everywhere else settled.files) if settled else 1

    async def regroup(self) -> None:
        self.regrouped += 1

    async def missing_episodes(
        self, *, limit: int, after: MissingEpisode | None = None
    ) -> Sequence[MissingEpisode]:
        return [] if after else self.episodes[:limit]

    async def better_copies(self, *, limit: int, after: BetterCopy | None = None) -> Sequence[BetterCopy]:
        return [] if after else self.copies[:limit]

    def lack(self) -> None:
        """Let episodes be missing, and a better copy be elsewhere."""
        from datetime import date

        self.episodes = [
            MissingEpisode(
                "The Office", 2316, season, number, f"Episode {number}", date(2005, season, number)
            )
            for season, number in ((1, 3), (1, 6), (2, 11), (2, 12), (4, 1))
        ]
        self.copies = [
            BetterCopy(
                GroupId(1), "Heat (1995)", 7_000_000_000, FileId(7), "/films/Heat (1995)/Heat 1080p.mkv",
                "1080p", 118, FileId(6), "/downloads/Heat.1995.2160p.mkv", "4K", 172, 54, Verdict.CLEAR,
                "Keep the 4K copy: 54 points better than the 1080p copy",
            )
        ]  # fmt: skip
