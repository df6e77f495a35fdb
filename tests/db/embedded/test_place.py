"""Where the cluster lies, how it is set, and the sentence for each thing that can be wrong with it."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from mediavault_tui.errors import DatabaseError, ToolMissing
from mediavault_tui.store.embedded import serve
from tests.db.embedded.conftest import server_of


async def test_a_path_of_150_characters_gets_a_private_socket_elsewhere(made: Path, tmp_path: Path) -> None:
    long = tmp_path / ("x" * max(40, 149 - len(str(tmp_path))))
    shutil.copytree(made, long)
    assert len(str(long)) >= 150
    async with serve(long) as url:
        sockets = Path(parse_qs(urlsplit(url).query)["host"][0])
        assert sockets.parent == Path("/tmp")
        assert sockets.name.startswith(f"mv-{os.getuid()}-")
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700  # noqa: ASYNC240
    assert not os.path.lexists(sockets)  # noqa: ASYNC240


@pytest.mark.parametrize("name", ['it\'s, "$HOME" `x` \\ é', "with space", "b\u00e9b\u00e9"])
async def test_a_folder_of_any_name_will_do(made: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(made, tmp_path / name)
    async with serve(tmp_path / name) as url:
        conn = await asyncpg.connect(url)
        assert await conn.fetchval("select 1") == 1
        await conn.close()


async def test_only_the_password_opens_it_and_only_the_owner_reads_that(folder: Path) -> None:
    home = folder / "postgres"
    async with serve(folder) as url:
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert stat.S_IMODE((home / "password").stat().st_mode) == 0o600
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(url, password="wrong")


async def test_the_server_speaks_unicode_listens_to_no_network_and_loads_fast(folder: Path) -> None:
    async with serve(folder) as url:
        conn = await asyncpg.connect(url)
        assert await conn.fetchval("select lower('ÅÉß')") == "åéß"
        shown = {n: await conn.fetchval(f"show {n}") for n in ("listen_addresses", "wal_level", "fsync")}
        assert shown == {"listen_addresses": "", "wal_level": "minimal", "fsync": "on"}
        await conn.close()
    assert list((folder / "postgres/pgdata/log").glob("postgresql-*.log"))


async def test_a_setting_in_the_users_environment_changes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "1", "PGDATA": "/", "PGHOST": "nowhere", "LC_ALL": "xx_XX"}.items():
        monkeypatch.setenv(name, value)
    async with serve(folder) as url:
        conn = await asyncpg.connect(url)
        await conn.close()


async def test_another_major_version_is_refused_in_one_sentence(folder: Path) -> None:
    (folder / "postgres/pgdata/PG_VERSION").write_text("15\n")
    with pytest.raises(
        DatabaseError, match=r"was made by PostgreSQL 15, but the programs in .* are PostgreSQL 16"
    ):
        await serve(folder).__aenter__()


async def test_a_damaged_cluster_is_one_sentence_and_no_wait(folder: Path) -> None:
    (folder / "postgres/pgdata/global/pg_control").unlink()
    with pytest.raises(DatabaseError, match=r"does not start: .*pg_control"):
        await serve(folder).__aenter__()


async def test_a_lost_password_is_one_sentence(folder: Path) -> None:
    (folder / "postgres/password").unlink()
    with pytest.raises(DatabaseError, match="password cannot be read"):
        await serve(folder).__aenter__()


async def test_a_password_that_was_changed_is_one_sentence_and_no_wait(folder: Path) -> None:
    (folder / "postgres/password").write_text("another\n")
    with pytest.raises(DatabaseError, match="does not know the password"):
        await serve(folder).__aenter__()
    assert not server_of(folder)


async def test_a_data_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseError, match="data folder cannot be used"):
        await serve(tmp_path / "file").__aenter__()


async def test_a_folder_without_programs_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match="MEDIAVAULT_PG_BIN"):
        await serve(tmp_path, pg_bin=tmp_path).__aenter__()
