"""What the world knows narrows the inventory, and every query about it is read through an index."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from itertools import product

import pytest

from mediavault_tui.domain.library import Facet, InventoryQuery, SortKey
from mediavault_tui.domain.worldfacets import WORLD
from mediavault_tui.services.library import Library
from mediavault_tui.store import inventory, inventory_search
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.sqlfiles import sql
from tests.db.own import own_database
from tests.db.rows import fill, fill_world
from tests.db.test_inventory import everything, sorted_by_hand

CHOSEN = [
    ((Facet.GENRE, "Western"), "37 = any (t.genres)"),
    ((Facet.GENRE, "Drama"), "18 = any (t.genres)"),
    ((Facet.DECADE, "1950s"), "t.year between 1950 and 1959"),
    ((Facet.ORIGINAL, "Finnish"), "t.original_language = 'fi'"),
    ((Facet.RATING, "8–9"), "t.rating >= 8 and t.rating < 9 and t.votes >= 20"),
    ((Facet.COLLECTION, "Collection 7"), "t.collection = 'Collection 7'"),
]
_BY_HAND = (
    "select f.id, f.state from media_files f join file_matches m on m.file_id = f.id"
    " join titles t on (t.kind, t.tmdb_id) = (m.kind, m.tmdb_id)"
    " where f.state <> 'purged' and m.state in ('sure', 'chosen') and "
)


@pytest.fixture(scope="module")
def filled(pg_url: str, template: str) -> Iterator[str]:
    """Yield the address of an inventory with titles that the tests of this module only read."""

    async def both(conn: Connection) -> None:
        await fill(conn, 5000)
        await fill_world(conn)

    with own_database(pg_url, template, "world", both) as url:
        yield url


@pytest.fixture
async def world(filled: str) -> AsyncIterator[Database]:
    database = await Database.connect(filled)
    yield database
    await database.close()


@pytest.mark.parametrize(("facet", "means"), CHOSEN, ids=[value for (_, value), _ in CHOSEN])
async def test_a_facet_of_the_titles_lets_through_what_has_it(
    world: Database, facet: tuple[Facet, str], means: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(world)
    async with world.connection() as conn:
        by_hand = {row["id"]: row["state"] for row in await conn.fetch(_BY_HAND + means)}
    assert by_hand
    query = InventoryQuery(facets=(facet,), sort=SortKey.SCORE, descending=True)
    rows = await everything(library, query, limit=701)
    assert [row.id for row in rows] == sorted_by_hand(rows, query)
    assert {row.id for row in rows} == set(by_hand)
    assert (await library.totals(query)).files == len(by_hand)
    counts = {each.value: each.files for each in (await library.world_counts(query))[facet[0]]}
    assert counts[facet[1]] == list(by_hand.values()).count("present")
    monkeypatch.setattr(inventory_search, "_FEW", -1)  # nothing counts as rare: everything is walked
    assert await everything(library, query, limit=701) == rows


async def test_facets_mix_and_each_is_counted_under_the_others(world: Database) -> None:
    library = Library(world)
    both = ((Facet.GENRE, "Drama"), (Facet.DECADE, "1950s"))
    rows = await everything(library, InventoryQuery(facets=both), limit=701)
    assert rows
    counts = await library.world_counts(InventoryQuery(facets=both))
    present = sum(row.state == "present" for row in rows)
    genres = {each.value: each.files for each in counts[Facet.GENRE]}
    assert (genres["Drama"], {each.value: each.files for each in counts[Facet.DECADE]}["1950s"]) == (
        present,
        present,
    )
    assert len(genres) > 1, "another genre may still be chosen instead"
    assert set(counts) == set(WORLD)
    tiers = (*both, (Facet.TIER, "4K"))
    assert [row.id for row in await everything(library, InventoryQuery(facets=tiers))] == [
        row.id for row in rows if row.tier == "4K"
    ]
    assert await library.facet_counts(Facet.GENRE, InventoryQuery(facets=both)) == counts[Facet.GENRE]
    nothing = InventoryQuery(facets=((Facet.GENRE, "no such genre"),))
    assert await library.page(nothing) == []


async def test_very_many_files_of_a_facet_are_estimated_not_counted(
    world: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(world)
    query = InventoryQuery(facets=((Facet.GENRE, "Drama"),))
    exact = await library.totals(query)
    monkeypatch.setattr(inventory, "_COUNTED", 100)
    about = await library.totals(query)
    assert exact.exact
    assert not about.exact
    assert 0.5 * exact.files < about.files < 2 * exact.files
    assert 0.3 * exact.bytes < about.bytes < 3 * exact.bytes


async def plan(conn: Connection, statement: str, *values: object) -> str:
    return "\n".join(row[0] for row in await conn.fetch(f"explain {statement}", *values))


async def test_windows_under_a_facet_of_the_titles_are_read_through_an_index(world: Database) -> None:
    """The walk goes along the order, what is gathered comes from the tags; no title is looked up."""
    async with world.connection() as conn:
        for (facet, _), sort in product(CHOSEN, SortKey):
            query = InventoryQuery(facets=(facet,), sort=sort)
            walk, hits = await inventory.statements(conn, query)
            walked = await plan(conn, walk[0], *walk[1])
            assert "Seq Scan" not in walked, walked
            assert "Sort" not in walked, walked
            assert "titles" not in walked, walked
            assert ("media_files_tagged_year" in walked) == (sort is SortKey.YEAR), walked
            if facet[1] in ("Collection 7", "Western"):
                gathered = await plan(conn, hits[0], *hits[1])
                assert "media_files_tags" in gathered, gathered
                assert "Seq Scan on media_files" not in gathered, gathered


async def test_a_decade_by_year_is_read_from_its_first_or_last_year_on(world: Database) -> None:
    library = Library(world)
    for descending in (False, True):
        query = InventoryQuery(facets=((Facet.DECADE, "1950s"),), sort=SortKey.YEAR, descending=descending)
        rows = await everything(library, query, limit=97)
        assert [row.id for row in rows] == sorted_by_hand(rows, query)
        assert {row.year for row in rows} == set(range(1950, 1960))
        assert [row.id for row in await library.page(query, from_end=True, limit=5)] == [
            row.id for row in rows[-5:]
        ]
        by_title = await everything(library, replace(query, sort=SortKey.TITLE), limit=701)
        assert {row.id for row in by_title} == {row.id for row in rows}


async def test_facets_of_very_many_files_are_estimated_first_and_counts_are_kept(
    world: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(world)
    query = InventoryQuery(facets=((Facet.TIER, "720p"),))
    assert await library.facets_about(query) == {}, "few are counted at once"
    monkeypatch.setattr(inventory, "_COUNTED", 800)
    about = await library.facets_about(query)
    assert set(about) == set(Facet) - {Facet.TIER}, "of a chosen facet the other values are counted too"
    exact = {**(await library.world_counts(query)), Facet.KIND: await library.facet_counts(Facet.KIND, query)}
    for facet, counts in exact.items():
        most = max(counts, key=lambda each: each.files)
        if most.files < 200:
            continue  # of a few files a sample may hold none
        guessed = next(each for each in about[facet] if each.value == most.value)
        assert not guessed.exact
        assert 0.5 * most.files < guessed.files < 2 * most.files, (facet, most, guessed)
    turned = replace(query, sort=SortKey.SIZE, descending=True)
    kept = await library.facet_counts(Facet.KIND, turned)
    assert kept is await library.facet_counts(Facet.KIND, query), "an order changes no count"
    library.forget()
    assert await library.facet_counts(Facet.KIND, query) == kept
    assert await library.facets_about(query) == {}, "what is counted is not estimated"


QUERIES: list[tuple[str, tuple[object, ...], tuple[str, ...]]] = [
    ("matches_of_question", ("movie|star||", 7), ("media_files", "file_matches")),
    ("matches_waiting_files", (["movie|star||"],), ("media_files", "file_matches")),
    ("matches_waiting", (100, None, None), ("file_matches",)),
    ("matches_asking", (), ("file_matches",)),
    ("match_of_file", (7,), ("file_matches",)),
    ("title_poster", ("movie", 7), ("titles",)),
    ("titles_by_key", (["movie"], [7]), ("titles", "title_episodes", "title_names")),
    ("media_files_by_id", ([7],), ("media_files", "file_matches", "titles")),
    ("episodes_missing", (40, 200, None, None, None, None), ("file_matches", "titles", "title_episodes")),
    ("copies_better", (1, 200, None, None, None), ("media_files",)),
    ("choices_all", (), ()),
]


@pytest.mark.parametrize(("name", "values", "tables"), QUERIES, ids=[name for name, _, _ in QUERIES])
async def test_a_question_about_titles_reads_no_table_whole(
    world: Database, name: str, values: tuple[object, ...], tables: tuple[str, ...]
) -> None:
    async with world.connection() as conn:
        said = await plan(conn, sql(name), *values)
    for table in tables:
        assert f"Seq Scan on {table}" not in said, said


async def test_missing_episodes_are_the_aired_regular_ones_without_a_file_in_pages(world: Database) -> None:
    from mediavault_tui.store import lacks

    async with world.connection() as conn:
        whole = await lacks.missing_episodes(conn, None, limit=1_000_000)
        held = {
            (row["tmdb_id"], row["season"], number)
            for row in await conn.fetch(
                "select m.tmdb_id, m.season, m.episodes from file_matches m"
                " join media_files f on f.id = m.file_id"
                " where f.state = 'present' and m.kind = 'tv' and m.state = 'sure'"
            )
            for number in row["episodes"]
        }
        aired = await conn.fetch(
            "select tmdb_id, season, episode from title_episodes"
            " where season > 0 and air_date <= current_date"
        )
        pages = page = await lacks.missing_episodes(conn, None, limit=5000)
        while len(page) == 5000:
            page = await lacks.missing_episodes(conn, None, limit=5000, after=pages[-1])
            pages = [*pages, *page]
        one = await lacks.missing_episodes(conn, whole[0].tmdb_id, limit=1_000_000)
    shows = {id for id, _, _ in held}
    assert {(e.tmdb_id, e.season, e.episode) for e in whole} == {
        tuple(row) for row in aired if row["tmdb_id"] in shows
    } - held
    assert pages == whole
    assert one == [each for each in whole if each.tmdb_id == whole[0].tmdb_id]
    assert len(whole) > 5000
