"""One smbd for a module of tests that leave it running, one of its own for each test that does not."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import lacking
from tests.smb.server import Smbd


@pytest.fixture(scope="session")
def samba() -> None:
    """Fail in CI, and skip loudly elsewhere, where there is no smbd."""
    if absent := [program for program in ("smbd", "pdbedit") if shutil.which(program) is None]:
        lacking(f"{', '.join(absent)} is not installed")


@pytest.fixture(scope="module")
def shared_smbd(samba: None) -> Iterator[Smbd]:
    """Yield a server with SMB 3 and signing. Look and write in a folder of your own; do not stop it."""
    with Smbd(Path(tempfile.mkdtemp(prefix="smbd-"))) as server:
        yield server


@pytest.fixture
def new_smbd(samba: None) -> Iterator[Callable[..., Smbd]]:
    """Yield a function that starts a server of one's own, with the arguments of `Smbd`."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(Smbd(Path(tempfile.mkdtemp(prefix="smbd-")), **settings))
