"""The limit, measured at the server; and a fetch that outlives kills and outages without asking twice."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mediavault_tui.domain.model import FileId, Health, HealthReport
from mediavault_tui.domain.titles import title_key
from mediavault_tui.domain.world import TitleKind
from mediavault_tui.errors import BudgetSpent, ServiceDown, ServiceRefused
from mediavault_tui.metadata import edge as edge_module
from mediavault_tui.metadata import tmdb
from mediavault_tui.metadata.edge import LONGEST_PAUSE, Answer, Edge, retry_after
from mediavault_tui.metadata.gate import OMDB, TMDB
from mediavault_tui.services.titles.metadata import Metadata
from mediavault_tui.services.titles.ratings import RatingsBatch
from mediavault_tui.services.titles.world_gate import Answers, DatabaseGate
from mediavault_tui.store.database import Database
from tests.factories import a_file, an_identity, insert_file
from tests.metadata.world_server import KEY, TOKEN, WorldServer

ROOT = Path(__file__).parent.parent.parent


TITLES = 250
FILES = 1500


async def child(
    verb: str, url: str, world: str, *, requests: int, patience: float = 60
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.metadata.fetch_child", verb, url, world, str(requests), str(patience),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.slow
async def test_two_processes_never_exceed_40_requests_in_any_ten_seconds(database_url: str) -> None:
    with WorldServer(limit=40) as world:
        both = [await child(verb, database_url, world.url, requests=40) for verb in ("alpha", "beta")]
        assert [await process.wait() for process in both] == [0, 0]
        assert len(world.arrivals) == 70, "none was refused, so none was repeated"
        assert 30 < world.busiest(10.0) <= 40


async def many_names(database: Database, world: WorldServer, *, titles: int, files: int) -> None:
    """So many files: made-up films in several copies; one is entered, the others are rows like it."""
    made_up = [film for film in world.films.values() if film.id >= 2_000_000][:titles]
    films = [made_up[number % titles] for number in range(files)]
    paths = [f"/lib/{f.title}/{f.title} ({f.year}) copy {n}.mkv" for n, f in enumerate(films)]
    own = ("path", "path_raw", "inode", "title", "title_key", "year")
    async with database.connection() as conn, conn.transaction():
        first = a_file(paths[0], root="/lib", identity=an_identity(films[0].title, year=films[0].year))
        like = (await insert_file(conn, first)).id
        columns = await conn.fetch(
            "select column_name from information_schema.columns where table_name = 'media_files'"
            " and column_name <> 'id' and is_generated = 'NEVER' and table_schema = 'public'"
        )
        same = [row["column_name"] for row in columns if row["column_name"] not in own]
        await conn.execute(
            f"insert into media_files ({', '.join((*own, *same))})"
            " select n.path, convert_to(n.path, 'UTF8'), f.inode + n.number, n.title, n.key, n.year,"
            f" {', '.join(f'f.{name}' for name in same)}"
            " from media_files f, unnest($2::text[], $3::text[], $4::text[], $5::smallint[]) with ordinality"
            " as n (path, title, key, year, number) where f.id = $1",
            like,
            paths[1:],
            [film.title for film in films[1:]],
            [title_key(film.title) for film in films[1:]],
            [film.year for film in films[1:]],
        )


@pytest.mark.slow
async def test_fetches_survive_a_kill_and_an_outage_and_two_at_once_ask_each_title_once(
    database: Database, database_url: str
) -> None:
    """`bench.outage` does the same with 5,000 files and a real outage of two minutes."""
    first = WorldServer(made_up=TITLES)
    with first:
        await many_names(database, first, titles=TITLES, files=FILES)
        process = await child("fetch", database_url, first.url, requests=100_000)
        assert process.stdout is not None
        while int((await process.stdout.readline()).split()[0]) < 80:
            pass
        process.kill()
        await process.wait()
        at_kill = first.asked
        # Two at once go on, and the service goes away under both.
        both = [await child("fetch", database_url, first.url, requests=100_000) for _ in range(2)]
        for process in both:
            assert process.stdout is not None
            while int((await process.stdout.readline()).split()[0]) < 30:
                pass
    second = WorldServer(made_up=TITLES, port=first.port)
    await asyncio.sleep(1)  # the outage itself: nobody listens
    with second:
        for process in both:
            out, _ = await process.communicate()
            assert process.returncode == 0, out[-500:]
    asked = first.asked + second.asked
    assert sum(asked.values()) <= 1.3 * TITLES
    again = {what for what, count in asked.items() if count > 1}
    assert len(again) <= 3 * 8, "only what was in flight, of one at the kill and of two at the outage"
    assert all(count <= 2 for count in asked.values())
    assert sum(at_kill.values()) >= 80
    async with database.connection() as conn:
        states = await conn.fetch("select state, count(*) from file_matches group by 1")
    assert [tuple(row) for row in states] == [("sure", FILES)]
    service = Metadata(database, Answers(database, None))
    assert [progress async for progress in service.fetch()][-1].titles == 0


class Hours:
    """asyncio and time of the edge, with a clock that only its pauses move."""

    def __init__(self, at: dict[float, Callable[[], object]]) -> None:
        self.now = 0.0
        self._at = at

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        for moment in [moment for moment in self._at if moment <= self.now]:
            self._at.pop(moment)()
        await asyncio.sleep(0)


@pytest.mark.parametrize("trouble", ["nobody listens", "503"])
async def test_an_outage_of_two_minutes_is_outlived_by_the_times_that_the_program_really_has(
    database: Database, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """Only the clock is ours: patience, first pause and the growth of pauses are the defaults."""
    world = WorldServer()
    with world:
        port = world.port
        if trouble == "503":
            world.fail_next = ["503"] * 1000
            hours = Hours({120.0: world.fail_next.clear})
            answer = await asked_in(hours, database, world.url, monkeypatch)
    if trouble != "503":
        back = WorldServer(port=port)
        hours = Hours({120.0: back.__enter__})
        try:
            answer = await asked_in(hours, database, back.url, monkeypatch)
        finally:
            back.__exit__()
    assert answer.body["title"] == "The Matrix"
    assert 120 <= hours.now <= 120 + LONGEST_PAUSE, "soon after it is back"
    async with database.connection() as conn:
        tries = await conn.fetchval("select count(*) from metadata_requests")
    assert 8 <= tries <= 30, "neither given up nor pestered"


async def asked_in(hours: Hours, database: Database, url: str, monkeypatch: pytest.MonkeyPatch) -> Answer:
    monkeypatch.setattr(edge_module, "asyncio", hours)
    monkeypatch.setattr(edge_module, "time", hours)
    async with Edge(
        "TMDb", url, DatabaseGate(database), TMDB, headers={"Authorization": f"Bearer {TOKEN}"}
    ) as edge:
        return await edge.get("movie/603", {})


async def test_an_answer_is_kept_and_a_negative_one_too(
    database: Database, edge: Edge, world: WorldServer
) -> None:
    answers = Answers(database, edge)
    for _ in range(3):
        assert await answers.get(tmdb.details(TitleKind.MOVIE, 603)) is not None
        assert await answers.get(tmdb.details(TitleKind.MOVIE, 99)) is None
    assert len(world.arrivals) == 2
    offline = Answers(database, None)
    assert (await offline.get(tmdb.details(TitleKind.MOVIE, 603)))["title"] == "The Matrix"
    with pytest.raises(LookupError):
        await offline.get(tmdb.details(TitleKind.MOVIE, 604))


async def test_an_old_answer_is_asked_for_by_its_etag_and_not_sent_again(
    database: Database, edge: Edge, world: WorldServer
) -> None:
    answers = Answers(database, edge)
    body = await answers.get(tmdb.details(TitleKind.MOVIE, 603))
    async with database.connection() as conn:
        await conn.execute("update metadata_answers set asked_at = now() - interval '40 days'")
    assert await answers.get(tmdb.details(TitleKind.MOVIE, 603)) == body
    async with database.connection() as conn:
        assert [
            r["status"] for r in await conn.fetch("select status from metadata_requests order by id")
        ] == [200, 304]
        assert await conn.fetchval("select asked_at > now() - interval '1 day' from metadata_answers")


async def test_two_who_ask_the_same_at_once_ask_once(
    database: Database, edge: Edge, world: WorldServer
) -> None:
    world.slow = 0.3
    asking = tmdb.search(TitleKind.MOVIE, "Heat")
    one, other = await asyncio.gather(
        Answers(database, edge).get(asking), Answers(database, edge).get(asking)
    )
    assert one == other
    assert len(world.arrivals) == 1


async def test_a_claim_outlives_a_long_wait_for_its_turn(
    database: Database, edge: Edge, world: WorldServer
) -> None:
    asking = tmdb.search(TitleKind.MOVIE, "Heat")
    async with database.connection() as conn:
        await conn.execute(
            "insert into metadata_pauses values ('tmdb', clock_timestamp() + interval '1.5 seconds')"
        )
    both = [Answers(database, edge, lease=0.3) for _ in range(2)]
    await asyncio.gather(*(answers.get(asking) for answers in both))
    assert len(world.arrivals) == 1


@pytest.mark.parametrize("trouble", ["503", "cut", "429"])
async def test_trouble_is_outlived(edge: Edge, world: WorldServer, trouble: str) -> None:
    world.fail_next = [trouble, trouble]
    answer = await edge.get("movie/603", {})
    assert answer.body["title"] == "The Matrix"
    assert len(world.arrivals) == 3


async def test_retry_after_holds_every_process(database: Database, edge: Edge, world: WorldServer) -> None:
    world.fail_next = ["429"]
    await edge.get("movie/603", {})
    (first, _), (second, _) = world.arrivals
    assert second - first >= 1.0
    async with database.connection() as conn:
        assert await conn.fetchval("select count(*) from metadata_pauses where service = 'tmdb'") == 1


async def test_a_wrong_key_is_said_without_the_key(database: Database, world: WorldServer) -> None:
    secret = {"api_key": "hush-hush"}
    async with Edge("TMDb", world.url, DatabaseGate(database), TMDB, secret_params=secret) as edge:
        with pytest.raises(ServiceRefused, match="does not accept the key") as refused:
            await edge.get("movie/603", {})
    assert "hush" not in str(refused.value)
    async with database.connection() as conn:
        assert "hush" not in str(await conn.fetch("select what from metadata_requests"))


async def test_a_service_that_stays_away_is_one_clear_sentence(database: Database) -> None:
    with WorldServer() as gone:
        address = gone.url
    async with Edge(
        "TMDb", address, DatabaseGate(database), TMDB, patience=0.5, first_pause=0.05, timeout=1
    ) as edge:
        with pytest.raises(ServiceDown, match="TMDb is away"):
            await edge.get("movie/603", {})


async def test_a_slow_answer_times_out_and_is_asked_again(database: Database, world: WorldServer) -> None:
    world.slow = 1.0
    async with Edge(
        "TMDb", world.url, DatabaseGate(database), TMDB, headers={"Authorization": f"Bearer {TOKEN}"},
        patience=1.5, first_pause=0.05, timeout=0.2,
    ) as edge:  # fmt: skip
        with pytest.raises(ServiceDown):
            await edge.get("movie/603", {})
    assert len(world.arrivals) > 1


def test_retry_after_is_read_in_both_forms() -> None:
    assert retry_after("7") == 7
    assert retry_after("0") == 0.5
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.5
    assert retry_after("soon") == 10
    assert retry_after("99999") == 600


async def heat(database: Database, *, year: int | None = None, folder: str = "Heat") -> FileId:
    async with database.connection() as conn:
        count = await conn.fetchval("select count(*) from media_files")
        path = f"/lib/{folder}/Heat {count}.mkv"
        file = a_file(path, root="/lib", inode=count + 1, identity=an_identity("Heat", year=year), info=None)
        file = replace(file, health=HealthReport(Health.UNCHECKED))
        return (await insert_file(conn, file)).id


async def test_a_choice_sticks_for_the_folder_and_for_files_that_come_later(
    database: Database, service: Metadata
) -> None:
    first, elsewhere = await heat(database), await heat(database, folder="Other")
    async for _ in service.fetch():
        pass
    ((row, titles),) = await service.choosing.waiting()
    assert row.files == 2
    assert {title.tmdb_id for title in titles} == {949, 31865}
    assert await service.choosing.choose(first, (TitleKind.MOVIE, 31865), who="ripley") == 1
    later = await heat(database)
    async for _ in service.fetch():
        pass
    for file, wanted in ((first, 31865), (later, 31865), (elsewhere, None)):
        entry = await service.entry(file)
        assert (entry.title.tmdb_id if entry else None) == wanted
    assert await service.choosing.choose(elsewhere, None, who="ripley") == 1
    assert await service.choosing.waiting() == []


async def test_omdb_keeps_to_its_budget_and_goes_on_the_next_day(
    database: Database, service: Metadata, world: WorldServer
) -> None:
    for title, year in (("Heat", 1995), ("The Matrix", 1999), ("Fight Club", 1999)):
        async with database.connection() as conn:
            file = a_file(
                f"/lib/{title}.mkv",
                root="/lib",
                inode=year + len(title),
                identity=an_identity(title, year=year),
            )
            await insert_file(conn, file)
    async for _ in service.fetch():
        pass
    two_a_day = replace(OMDB, requests=2)
    async with Edge(
        "OMDb", world.omdb_url, DatabaseGate(database), two_a_day, secret_params={"apikey": KEY}
    ) as edge:
        batch = RatingsBatch(database, edge, service)
        first, second = await asyncio.gather(batch.run(budget=10), batch.run(budget=10))
        result, idle = (first, second) if first.asked else (second, first)
        assert idle.asked == 0, "two at once would ask the same"
        assert "Another process" in idle.stopped
        assert (result.asked, result.left) == (2, 1)
        assert "used up" in result.stopped
        with pytest.raises(BudgetSpent):
            await edge.get("", {"i": "tt1"})
        async with database.connection() as conn:
            await conn.execute("update metadata_requests set ended_at = ended_at - interval '25 hours'")
        assert (await batch.run(budget=10)).left == 0
    assert all(count == 1 for count in world.omdb_calls.values())
    async with database.connection() as conn:
        id = await conn.fetchval("select id from media_files where title = 'Heat'")
    entry = await service.entry(FileId(id))
    assert entry is not None
    assert entry.ratings is not None
    assert entry.ratings.rating == 8.1
    assert entry.ratings.awards == "Won 1 Oscar."
