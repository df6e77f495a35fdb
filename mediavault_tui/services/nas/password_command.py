"""A share's password from the program that keeps it: pass, secret-tool, security, op.

Started from a list, never by a shell; without a terminal, so that no question of its own can write
over the app's screen. What it prints is the password and stands in no error and no log.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mediavault_tui.errors import SourceOffline
from mediavault_tui.settings import Secret

if TYPE_CHECKING:
    from mediavault_tui.sources.smb.values import ShareAddress

_SECONDS = 30.0


def password_from(command: Sequence[str], address: ShareAddress, *, seconds: float = _SECONDS) -> Secret:
    """Return the first line that the command prints, for `{host}`, `{share}` and `{user}` of an address.

    Blocks. Raises: SourceOffline if it cannot be started, fails, is silent or takes too long.
    """
    known = {"{host}": address.host, "{share}": address.share, "{user}": address.username}
    words = list(command)
    for mark, value in known.items():
        words = [word.replace(mark, value) for word in words]
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        why = f"did not answer within {seconds:g} s"
    except OSError as error:
        why = f"cannot be started ({error.strerror})"
    else:
        lines = done.stdout.decode("utf-8", "replace").splitlines()
        if done.returncode == 0 and lines and lines[0]:
            return Secret(lines[0])
        why = f"ended with {done.returncode}" if done.returncode else "printed nothing"
    raise SourceOffline(
        f"NAS_PASSWORD_COMMAND: {command[0]} {why}, so there is no password for {address.server}"
    )
