"""Run a helper program to its end, or kill it: no orphan, no zombie, no open pipe remains.

Every way out of `run` (a result, a time-out, a cancelled task, an error in between)
has waited for the child.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from mediavault_tui.errors import ProbeTimeout, ToolMissing


@dataclass(frozen=True, slots=True)
class Finished:
    """What a program left behind; a negative `code` is the signal that killed it."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def crashed(self) -> str | None:
        """The name of the signal that ended it (SIGSEGV), or None."""
        if self.code >= 0:
            return None
        try:
            return signal.Signals(-self.code).name
        except ValueError:
            return f"signal {-self.code}"


async def run(
    arguments: Sequence[str | bytes], *, seconds: float, cwd: str | bytes | None = None
) -> Finished:
    """Start `arguments[0]` without a shell or standard input and return what it wrote.

    `seconds`: after them the child is killed and ProbeTimeout raised.
    Raises: ProbeTimeout; ToolMissing if the program cannot be started.
    """
    try:
        child = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=cwd,
        )
    except OSError as error:
        name = os.fsdecode(arguments[0])
        raise ToolMissing(f"{name} cannot be started ({error.strerror or error})") from error
    try:
        async with asyncio.timeout(seconds):
            stdout, stderr = await child.communicate()
    except TimeoutError as error:
        raise ProbeTimeout(f"no answer within {seconds:.3g} seconds") from error
    finally:
        if child.returncode is None:
            await _end(child)
    code = child.returncode
    assert code is not None
    return Finished(code, stdout, stderr)


async def last_words(pipe: asyncio.StreamReader) -> str:
    """Read all that a program complains of, to its end, and return the last line of it."""
    kept = b""
    while part := await pipe.read(4096):
        kept = (kept + part)[-4000:]
    lines = kept.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else ""


async def _end(child: asyncio.subprocess.Process) -> None:
    """Kill the child and reap it, even if this task is cancelled while it does so."""
    with contextlib.suppress(ProcessLookupError):
        child.kill()
    # communicate() rather than wait(): it also drains and closes the pipes.
    reaped = asyncio.ensure_future(child.communicate())
    cancelled: asyncio.CancelledError | None = None
    while not reaped.done():
        try:
            await asyncio.shield(reaped)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
