"""200 paths and which title each is: right, or asked about; never confidently wrong."""

from __future__ import annotations

from pathlib import Path

from mediavault_tui.domain.model import Health
from mediavault_tui.domain.titles import title_key
from mediavault_tui.metadata.edge import Edge
from mediavault_tui.metadata.gate import TMDB, Allowance
from mediavault_tui.probe.filename import identify_path
from mediavault_tui.services.demo.library import FILMS
from mediavault_tui.services.titles.metadata import Metadata
from mediavault_tui.services.titles.world_gate import Answers
from mediavault_tui.store.database import Database
from tests.factories import a_file, an_info, insert_file
from tests.metadata.world_server import TOKEN, WorldServer

CASES = [
    line.split(" => ")
    for line in (Path(__file__).parent / "corpus.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


class Open:
    """A gate that stands open: the limit has tests of its own."""

    async def admit(self, allowance: Allowance, what: str) -> int:
        return 0

    async def leave(self, turn: int, status: int) -> None:
        pass

    async def pause(self, allowance: Allowance, seconds: float) -> None:
        pass


async def test_the_corpus_is_right_and_never_confidently_wrong(
    database: Database, world: WorldServer
) -> None:
    wanted = {}
    async with database.connection() as conn:
        for number, (path, answer) in enumerate(CASES, 1):
            path, _, minutes = path.strip().partition(" @")
            file = a_file(
                f"/lib/{path}",
                root="/lib",
                inode=number,
                identity=identify_path(path),
                health=Health.HEALTHY if minutes else Health.UNCHECKED,
                info=an_info(duration=60 * float(minutes)) if minutes else None,
            )
            wanted[(await insert_file(conn, file)).id] = (path, answer.strip())
    async with Edge("TMDb", world.url, Open(), TMDB, headers={"Authorization": f"Bearer {TOKEN}"}) as edge:
        async for _ in Metadata(database, Answers(database, edge)).fetch():
            pass
    async with database.connection() as conn:
        rows = await conn.fetch("select file_id, state, kind, tmdb_id, season, episodes from file_matches")
    found = {row["file_id"]: row for row in rows}
    wrong, confident = [], []
    for id, (path, answer) in wanted.items():
        row = found.get(id)
        said = "none"
        if row is not None and row["state"] == "sure":
            said = f"{row['kind']}/{row['tmdb_id']}"
            if row["season"] is not None and "S" in answer:
                said += f" S{row['season']:02}" + "".join(f"E{e:02}" for e in row["episodes"])
        elif row is not None:
            said = row["state"]
        if said != answer:
            wrong.append(f"{path}: {said}, not {answer}")
            if "/" in said:
                confident.append(wrong[-1])
    assert len(CASES) >= 200
    assert confident == []
    assert len(wrong) <= 0.03 * len(CASES), "\n".join(wrong)


async def test_the_demo_library_is_known_and_nothing_of_it_is_mistaken(
    database: Database, world: WorldServer
) -> None:
    async with database.connection() as conn:
        for number, path in enumerate(sorted({film.path for film in FILMS}), 1):
            file = a_file(
                f"/demo/{path}",
                root="/demo",
                inode=number,
                identity=identify_path(f"demo/{path}"),
                health=Health.UNCHECKED,
                info=None,
            )
            await insert_file(conn, file)
    async with Edge("TMDb", world.url, Open(), TMDB, headers={"Authorization": f"Bearer {TOKEN}"}) as edge:
        async for _ in Metadata(database, Answers(database, edge)).fetch():
            pass
    async with database.connection() as conn:
        rows = await conn.fetch(
            "select f.path, f.title as said, f.year as year_said, f.country, m.state, t.title,"
            " t.original_title, t.year, t.countries from file_matches m"
            " join media_files f on f.id = m.file_id"
            " left join titles t on (t.kind, t.tmdb_id) = (m.kind, m.tmdb_id)"
        )
    assert len(rows) > 30
    assert [row["path"] for row in rows if row["state"] != "sure"] == []
    for row in rows:
        assert title_key(row["said"]) in (title_key(row["title"]), title_key(row["original_title"])), row
        assert row["year_said"] in (0, row["year"]), row
        assert row["country"] is None or row["country"] in row["countries"], row
