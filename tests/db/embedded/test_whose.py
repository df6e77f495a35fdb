"""As whom the server runs: an ordinary user, root in a name space of its own, or nobody."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from mediavault_tui.errors import DatabaseError
from mediavault_tui.store.binaries import find_binaries
from mediavault_tui.store.embedded import serve
from tests.conftest import IN_MEMORY, lacking
from tests.db.embedded.conftest import ROOT, User, postmaster, server_of

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def everybodys_folder() -> Iterator[Path]:
    """Yield a folder that everybody may enter, unlike pytest's own."""
    made = Path(tempfile.mkdtemp(prefix="mediavault-test-", dir=os.environ.get(IN_MEMORY, "/tmp")))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@as_root
def test_an_ordinary_user_runs_it_as_root_does(everybodys_folder: Path) -> None:
    os.chown(everybodys_folder, *nobody())
    user = User(everybodys_folder, *as_nobody())
    user.ready()
    assert os.stat(f"/proc/{postmaster(everybodys_folder)}").st_uid == nobody()[0]
    user.leave()
    assert not server_of(everybodys_folder)


@as_root
async def test_root_without_user_namespaces_runs_it_as_nobody(everybodys_folder: Path) -> None:
    await nobody_may_enter()
    for _ in ("made", "used again"):
        user = User(everybodys_folder, env={"PATH": "/nowhere"})
        await asyncio.to_thread(user.ready)
        pid = postmaster(everybodys_folder)
        assert os.stat(f"/proc/{pid}").st_uid == nobody()[0]
        await asyncio.to_thread(user.leave)


@as_root
def test_root_uses_another_users_database_without_taking_it_away(everybodys_folder: Path) -> None:
    asyncio.run(nobody_may_enter())
    os.chown(everybodys_folder, *nobody())
    prefix = as_nobody()
    for who in (prefix, [], prefix):
        user = User(everybodys_folder, *who)
        user.ready()
        user.leave()
    owners = {path.lstat().st_uid for path in everybodys_folder.rglob("*")}
    assert owners == {nobody()[0]}


@as_root
async def test_root_with_no_way_out_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "private").mkdir(0o700)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(DatabaseError, match="run MediaVault as an ordinary user"):
        await serve(tmp_path / "private").__aenter__()


@as_root
async def test_a_socket_folder_that_somebody_else_made_is_refused(made: Path, tmp_path: Path) -> None:
    odd = tmp_path / "a,b"
    shutil.copytree(made, odd)
    async with serve(odd) as url:
        sockets = Path(parse_qs(urlsplit(url).query)["host"][0])
    sockets.mkdir(0o700)  # noqa: ASYNC240
    try:
        os.chown(sockets, 12345, 12345)
        with pytest.raises(DatabaseError, match="is not a private folder of ours"):
            await serve(odd).__aenter__()
    finally:
        sockets.rmdir()  # noqa: ASYNC240


def nobody() -> tuple[int, int]:
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


async def nobody_may_enter() -> None:
    """Go on only where nobody may run the server's programs: they may lie in a private folder of root's."""
    binaries = await find_binaries(None)
    if any(not p.stat().st_mode & 0o001 for p in binaries.parents):
        lacking(f"nobody may not enter {binaries}")


def as_nobody() -> list[str]:
    """Return the prefix that runs our Python as nobody, with leave to read what it is made of."""
    uid, gid = nobody()
    plain = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
    reading = [*plain, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    for prefix in (plain, reading):
        command = [*prefix, sys.executable, "-c", "import mediavault_tui.store.embedded"]
        try:
            if subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0:
                return prefix
        except OSError:
            break
    return lacking("nobody may not read our Python, and setpriv cannot help")
