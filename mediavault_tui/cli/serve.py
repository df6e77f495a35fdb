"""`mediavault serve`: run the sidecar, which serves files over HTTP to those who may look."""

from __future__ import annotations

import argparse
import os
import sys


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.epilog = (
        "Exit code 2: its port is taken, or there are no accounts and it is to serve other machines."
    )
    parser.add_argument("--host", help="listen here; default STREAMER_HOST (127.0.0.1)")
    parser.add_argument("--port", type=int, help="on this port; default STREAMER_PORT (8007)")


def run(args: argparse.Namespace) -> int:
    """Become the sidecar: it is a program of its own and shares no module with the terminal app."""
    words = [sys.executable, "-m", "streamer"]
    if args.host:
        words += ["--host", args.host]
    if args.port is not None:
        words += ["--port", str(args.port)]
    sys.stdout.flush()
    os.execv(sys.executable, words)  # noqa: S606  # no shell is wanted
