"""What the app may ask for, over the real services: the last thing done is the first undone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from mediavault_tui.bootstrap import asking, chat, kept_metadata, pictures, undoing, watching
from mediavault_tui.domain.library import GroupQuery
from mediavault_tui.domain.model import FileId, GroupId, MediaFile
from mediavault_tui.domain.rename_plan import Reach
from mediavault_tui.domain.stage_terms import Terms
from mediavault_tui.domain.verdict import Verdict
from mediavault_tui.domain.world import Title, TitleKind
from mediavault_tui.errors import Refused, UsageError
from mediavault_tui.services.configuration import Configuration
from mediavault_tui.services.dedupe import Dedupe
from mediavault_tui.services.library import Library
from mediavault_tui.services.nas.shares import Nas
from mediavault_tui.services.renaming.rename import Renaming
from mediavault_tui.services.scanning.scan import Scanner
from mediavault_tui.services.titles.posters import Posters
from mediavault_tui.services.titles.world import World
from mediavault_tui.services.vault import Lazy, Services, Vault
from mediavault_tui.settings import Settings
from mediavault_tui.sources.local.source import LocalSource
from mediavault_tui.store import metadata
from mediavault_tui.store.asking import Reader
from mediavault_tui.store.database import Connection, Database
from mediavault_tui.store.metadata import FoundMatch
from tests.db.shelf import ME, Shelf


@pytest.fixture
def shelf(conn: Connection, tmp_path: Path) -> Shelf:
    return Shelf(conn, tmp_path / "library")


@pytest.fixture
def open_vault(shelf: Shelf, database: Database, tmp_path: Path) -> Callable[..., Vault]:
    """Return the maker of a vault over the shelf."""

    def listen(heard: Callable[[str], None]) -> AbstractAsyncContextManager[None]:
        return database.listen("mediavault", heard)

    def make(*, read_only: bool = False) -> Vault:
        finder = Lazy(lambda: Dedupe(database))
        mover = Lazy(lambda: shelf.stage(database, read_only=read_only))
        kept = Lazy(lambda: World(kept_metadata(database), Posters(tmp_path / "posters", None), None))
        settings = Settings(data_dir=tmp_path / "data")
        nas, reader = Nas(database, settings), Reader(database)
        services = Services(
            library=Lazy(lambda: Library(database)),
            dedupe=finder,
            stage=mover,
            undoing=Lazy(lambda: undoing(database, stage=mover, dedupe=finder)),
            world=kept,
            metadata=Lazy(lambda: kept_metadata(database)),
            asking=Lazy(lambda: asking(database, settings, reader)),
            chat=Lazy(lambda: chat(database, settings, reader, None, who=ME)),
            nas=nas,
            scanner=Lazy(lambda: Scanner(database, LocalSource(), None)),
            pictures=Lazy(lambda: pictures(settings, nas)),
            renaming=Lazy(lambda: Renaming(database, LocalSource(), read_only=read_only)),
            watching=Lazy(lambda: watching(database, settings)),
            configuration=Lazy(
                lambda: Configuration(database, Settings(), origins={}, env_file=Path("/nowhere/.env"))
            ),
        )
        return Vault(services, who=ME, read_only=read_only, listen=listen)

    return make


async def two(
    shelf: Shelf, name: str = "Heat", *, proof: str = "exact"
) -> tuple[MediaFile, MediaFile, GroupId]:
    """Two copies of one title, of equal bytes, in a group that is certain."""
    keeper = await shelf.add(f"{name}/{name}.mkv", name.encode() * 50)
    loser = await shelf.add(f"downloads/{name}.mkv", name.encode() * 50)
    return keeper, loser, await shelf.group(keeper, loser, proof=proof, verdict="certain")


async def test_each_undo_says_what_it_undid(shelf: Shelf, open_vault: Callable[..., Vault]) -> None:
    keeper, loser, group = await two(shelf)
    vault = open_vault()
    staged = await vault.stage_group(group, keeper.id)
    await vault.approve(staged.done)
    assert await vault.undo() == "Undone: 1 file no longer approved."
    assert await shelf.state(loser.id) == "staged"
    assert await vault.undo() == "Undone: 1 file moved back."
    assert await shelf.state(loser.id) == "present"
    with pytest.raises(Refused, match="nothing to undo"):
        await vault.undo()


async def test_a_rename_is_shown_done_and_undone(shelf: Shelf, open_vault: Callable[..., Vault]) -> None:
    file, other, _ = await two(shelf)
    heat = Title(TitleKind.MOVIE, 949, "Heat", year=1995)
    await metadata.put_titles(shelf.conn, [heat])
    found = [FoundMatch(each.id, "x", "sure", heat.key, confidence=100) for each in (file, other)]
    await metadata.put_matches(shelf.conn, found)
    before, vault = shelf.names(), open_vault()
    with pytest.raises(UsageError, match="no field"):
        await vault.rename_preview([file.id], naming="{titel}", reach=Reach.FILES)
    preview = await vault.rename_preview([file.id], naming="kodi", reach=Reach.SHOW)
    assert (preview.files, preview.about) == (2, "Heat (1995)")
    assert [bool(line.refused) for line in preview.planned] == [False, False], "each in its own folder"
    assert shelf.names() == before
    with pytest.raises(Refused):
        await open_vault(read_only=True).rename(preview.planned)
    result = await vault.rename(preview.planned)
    assert (len(result.done), result.refused) == (2, ())
    assert shelf.names() == {"Heat (1995)/Heat (1995).mkv", "downloads/Heat (1995)/Heat (1995).mkv"}
    assert await vault.undo() == "Undone: 2 files moved back."
    assert shelf.names() == before


async def test_a_decision_is_undone_before_the_act_that_came_before_it(
    shelf: Shelf, open_vault: Callable[..., Vault]
) -> None:
    keeper, loser, group = await two(shelf)
    one, other, later = await two(shelf, "Alien")
    vault = open_vault()
    await vault.stage_group(group, keeper.id)
    await vault.not_duplicate(later, one.id, other.id)
    await vault.undo()
    assert await shelf.state(loser.id) == "staged"
    assert await vault.undo() == "Undone: 1 file moved back."
    assert await shelf.state(loser.id) == "present"


async def test_an_approval_is_undone_before_the_decision_that_came_before_it(
    shelf: Shelf, open_vault: Callable[..., Vault]
) -> None:
    keeper, _, group = await two(shelf)
    one, other, later = await two(shelf, "Alien")
    vault = open_vault()
    staged = await vault.stage_group(group, keeper.id)
    await vault.not_duplicate(later, one.id, other.id)
    await vault.approve(staged.done)
    assert await vault.undo() == "Undone: 1 file no longer approved."


async def test_another_session_undoes_acts_of_every_kind_in_their_order(
    shelf: Shelf, open_vault: Callable[..., Vault]
) -> None:
    """A title was chosen after a file was staged and before a pair was set apart; each vault is a restart."""
    keeper, loser, group = await two(shelf)
    one, other, later = await two(shelf, "Alien")
    heat = Title(TitleKind.MOVIE, 949, "Heat", year=1995, detailed=True)
    await metadata.put_titles(shelf.conn, [heat])
    await open_vault().stage_group(group, keeper.id)
    assert await open_vault().choose_title(one.id, heat.key) == 1
    await open_vault().not_duplicate(later, one.id, other.id)
    assert (await open_vault().undo()).startswith("Undone: “not a duplicate”")
    assert (await open_vault().undo()).startswith("Undone: “Heat (1995)” for 1 file")
    assert await open_vault().undo() == "Undone: 1 file moved back."
    assert await shelf.state(loser.id) == "present"
    with pytest.raises(Refused, match="nothing to undo"):
        await open_vault().undo()


async def test_a_batch_takes_only_what_is_sure_now(shelf: Shelf, open_vault: Callable[..., Vault]) -> None:
    _, sure, certain = await two(shelf)
    _, unsure, close = await two(shelf, "Alien", proof="same_title")
    await shelf.conn.execute("update duplicate_groups set verdict = 'review' where id = $1", close)
    await shelf.conn.execute("update duplicate_members set verdict = 'review' where group_id = $1", close)
    result = await open_vault().stage_sure([certain, close])
    assert len(result.done) == 1
    assert ["No longer sure" in sentence for sentence in result.refused] == [True]
    assert await shelf.state(sure.id) == "staged"
    assert await shelf.state(unsure.id) == "present"


async def test_a_read_only_vault_changes_nothing(shelf: Shelf, open_vault: Callable[..., Vault]) -> None:
    keeper, loser, group = await two(shelf)
    vault = open_vault(read_only=True)
    for act in (
        vault.stage_group(group, keeper.id),
        vault.stage_files([Terms(loser.id, keeper.id, Verdict.CERTAIN)]),
        vault.stage_sure([group]),
        vault.keep_both(group),
        vault.not_duplicate(group, keeper.id, loser.id),
        vault.note(group, "x"),
        vault.restore([]),
        vault.approve([]),
        vault.purge([], word="purge"),
        vault.undo(),
    ):
        with pytest.raises(Refused):
            await act
    assert await shelf.state(loser.id) == "present"
    assert [row.id for row in await vault.groups(GroupQuery())] == [group]


async def test_marked_files_are_added_up(shelf: Shelf, open_vault: Callable[..., Vault]) -> None:
    keeper, loser, _ = await two(shelf)
    vault = open_vault()
    assert await vault.bytes_of([keeper.id, loser.id, FileId(4711)]) == keeper.size + loser.size
    assert await vault.bytes_of([]) == 0


async def test_a_service_is_built_once_however_many_ask() -> None:
    built: list[int] = []

    def build() -> int:
        built.append(1)
        return len(built)

    lazy = Lazy(build)
    assert [await lazy(), await lazy()] == [1, 1]


async def test_news_of_an_act_reaches_who_listens(shelf: Shelf, open_vault: Callable[..., Vault]) -> None:
    keeper, _, group = await two(shelf)
    vault = open_vault()
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with vault.listen(heard.put_nowait):
        await vault.stage_group(group, keeper.id)
        async with asyncio.timeout(5):
            assert ":" in await heard.get()
