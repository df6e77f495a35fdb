"""A helper program is ended and reaped on every way out; nothing of it stays open."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from mediavault_tui.errors import ProbeTimeout, ToolMissing
from mediavault_tui.probe.process import run


def descriptors() -> int:
    return len(os.listdir("/dev/fd"))


def alive(pid: int) -> bool:
    """Whether a process of this id exists, as a zombie too."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def stuck(note: Path) -> list[str]:
    """Return a program that notes its id and then ignores everything but SIGKILL."""
    code = (
        "import os,signal,sys\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"open({str(note) + '.new'!r}, 'w').write(str(os.getpid()))\n"
        f"os.rename({str(note) + '.new'!r}, {str(note)!r})\n"
        "sys.stdout.write('x' * 200000); sys.stdout.flush()\n"
        "signal.pause()\n"
    )
    return [sys.executable, "-c", code]


def read_note(note: Path) -> int | None:
    return int(note.read_text()) if note.exists() else None


async def noted(note: Path) -> int:
    while (pid := read_note(note)) is None:  # noqa: ASYNC110  # another process writes it
        await asyncio.sleep(0.01)
    return pid


async def test_output_and_code_are_handed_back() -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    finished = await run([sys.executable, "-c", code], seconds=30)
    assert (finished.code, finished.stdout, finished.stderr) == (3, b"out\n", b"err\n")
    assert finished.crashed is None


async def test_the_child_has_no_standard_input_to_wait_for() -> None:
    finished = await run([sys.executable, "-c", "import sys; print(sys.stdin.read())"], seconds=30)
    assert finished.stdout == b"\n"


async def test_a_crash_has_the_name_of_its_signal() -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    assert (await run([sys.executable, "-c", code], seconds=30)).crashed == "SIGSEGV"


async def test_after_the_deadline_the_child_is_gone(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with pytest.raises(ProbeTimeout, match="no answer within 1 seconds"):
        await run(stuck(note), seconds=1)
    assert not alive(await noted(note))


async def test_a_cancelled_caller_leaves_no_child(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    task = asyncio.create_task(run(stuck(note), seconds=60))
    pid = await noted(note)
    assert alive(pid)
    task.cancel()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alive(pid)


async def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    await run([sys.executable, "-c", ""], seconds=30)
    before = descriptors()
    for number in range(3):
        await run([sys.executable, "-c", "print(1)"], seconds=30)
        with pytest.raises(ProbeTimeout):
            await run(stuck(tmp_path / f"pid{number}"), seconds=0.2)
    assert descriptors() == before


async def test_a_program_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(ToolMissing, match="cannot be started"):
        await run(["/nowhere/ffprobe"], seconds=1)
