"""What a look over the installation asks of the machine: room, folders, keys, codecs, clock, certificate.

Each function looks at one thing and says how it is; none changes anything. They block.
"""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import stat
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from mediavault_tui.domain.checks import Check
from mediavault_tui.domain.pathtext import display
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.probe.tools import find_tool
from mediavault_tui.services.keys import SHORTEST
from mediavault_tui.settings import Settings

PATIENCE = 5.0
"""Seconds that anything may take to answer."""
ROOM = 1_000_000_000
"""Bytes without which a database or a move soon fails."""
SKEW = 5.0
"""Seconds by which two clocks may differ: links and sessions end by the database's."""
FEWEST = 10
"""How many different characters a signing key that chance made has at least."""
RENEWAL = 14 * 86_400
"""Seconds before its end at which a certificate should have been renewed."""

_ENCODERS = {"libx264", "aac"}
_DECODERS = {"h264", "hevc", "mpeg4", "mpeg2video", "vc1", "ac3", "eac3", "dca", "truehd"}
_AV1 = {"libdav1d", "libaom-av1", "libgav1"}
_TONES = {"lut3d", "zscale"}


def well(what: str, said: str) -> Check:
    """Return a line that is as it should be."""
    return Check(what, True, said)


def ill(what: str, said: str, remedy: str) -> Check:
    """Return a line that is not, with what to do."""
    return Check(what, False, said, remedy)


def aside(what: str, said: str) -> Check:
    """Return a line that does not concern this installation, or is its choice."""
    return Check(what, True, said, used=False)


def room(what: str, folder: Path) -> Check:
    """Say how much room there is where a folder is, or will be."""
    name = f"room for {what}"
    try:
        free = shutil.disk_usage(_there(folder)).free
    except OSError as error:
        return ill(name, f"{folder}: {error.strerror}", "mount it, or correct the setting")
    said = f"{free / 1e9:,.1f} GB free at {folder}"
    return well(name, said) if free >= ROOM else ill(name, said, "make room: less than 1 GB is left")


def holding(folder: Path, roots: Sequence[bytes]) -> list[Check]:
    """Say whether files can be staged into the holding folder, by a rename from every scanned folder."""
    name, above = f"holding folder {folder}", _there(folder)
    if not os.access(above, os.W_OK | os.X_OK):
        return [
            ill(name, f"{above} may not be written", "correct its permissions or MEDIAVAULT_STAGING_PATH")
        ]
    here = above.stat().st_dev
    others = [root for root in roots if os.path.isdir(root) and os.stat(root).st_dev != here]
    if others:
        said = (
            f"it is on another disk than {', '.join(map(display, others))}: each staging copies whole films"
        )
        return [ill(name, said, "choose a MEDIAVAULT_STAGING_PATH on their disk, or unset it")]
    return [well(name, "it can be written, and is on the films' disk"), room("staged films", folder)]


def signing_key(settings: Settings) -> Check:
    """Say whether what signs sessions and links is there, strong, and its owner's alone."""
    if settings.jwt_secret_key is not None:
        key = settings.jwt_secret_key.reveal()
        remedy = "make another: openssl rand -base64 48"
        if len(key) < SHORTEST:
            return ill("signing key", f"JWT_SECRET_KEY is shorter than {SHORTEST} characters", remedy)
        if len(set(key)) < FEWEST:
            return ill("signing key", "JWT_SECRET_KEY repeats a few characters, so it can be guessed", remedy)
        return well("signing key", "JWT_SECRET_KEY")
    place = settings.data_dir / "signing.key"
    if not place.exists():
        return aside("signing key", "none yet; it is made when it is first needed")
    return private("signing key", place)


def private(what: str, place: Path) -> Check:
    """Say whether a file that holds secrets is for its owner alone, and at most for a group to read."""
    mode = stat.S_IMODE(place.stat().st_mode)
    if not os.access(place, os.R_OK):
        return ill(
            what, f"{place} may not be read (mode {mode:o})", "give it to the user that runs MediaVault"
        )
    if mode & 0o027:
        return ill(what, f"others may read or write {place} (mode {mode:o})", f"chmod go= {place}")
    return well(what, f"{place}, mode {mode:o}")


def codecs(settings: Settings) -> list[Check]:
    """Say whether the ffmpeg that is found can make what browsers play of what films are made of."""
    try:
        ffmpeg = find_tool("ffmpeg", settings.ffmpeg)
    except MediaVaultError:
        return []  # which another line says
    try:
        encoders, decoders, filters = (_names(ffmpeg, kind) for kind in ("encoders", "decoders", "filters"))
    except (OSError, subprocess.SubprocessError) as error:
        return [ill("codecs", f"{ffmpeg} does not run ({error})", "install ffmpeg, or set MEDIAVAULT_FFMPEG")]
    lacking = sorted((_ENCODERS - encoders) | (_DECODERS - decoders))
    if lacking:
        remedy = (
            "install your system's whole ffmpeg and set MEDIAVAULT_FFMPEG: such films do not play in browsers"
        )
        return [ill("codecs", f"{ffmpeg} lacks {', '.join(lacking)}", remedy)]
    found = [well("codecs", "H.264 and AAC can be made of what films hold")]
    if decoders & _AV1:
        found.append(well("codecs AV1", "AV1 can be converted"))
    else:
        found.append(
            aside("codecs AV1", "AV1 plays where the browser knows it; an ffmpeg with libdav1d converts it")
        )
    if filters & _TONES:
        found.append(well("codecs HDR", "HDR can be toned down"))
    else:
        found.append(
            ill(
                "codecs HDR", "HDR cannot be toned down (lut3d, zscale)", "install your system's whole ffmpeg"
            )
        )
    return found


def clock(theirs: float) -> Check:
    """Compare the database's clock, seconds since 1970, with this machine's."""
    apart = theirs - time.time()
    said = f"the database's is {abs(apart):.1f} s {'ahead' if apart > 0 else 'behind'}"
    return well("clock", said) if abs(apart) <= SKEW else ill(
        "clock", said, "let both keep time (timedatectl set-ntp true): links and sessions end wrongly"
    )  # fmt: skip


def certificate(host: str, port: int) -> Check:
    """Say how long the certificate of the public address still holds."""
    try:
        with (
            socket.create_connection((host, port), timeout=PATIENCE) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=host) as wrapped,
        ):
            ends = str((wrapped.getpeercert() or {})["notAfter"])
    except ssl.SSLCertVerificationError as error:
        return ill("certificate", f"it is not good: {error.verify_message}", "renew it, with its whole chain")
    except OSError as error:
        return ill(
            "certificate", f"{host} port {port}: {error.strerror or error}", "see docs/deploy.md, nginx"
        )
    left = ssl.cert_time_to_seconds(ends) - time.time()
    said = f"it ends in {left / 86_400:.0f} days ({ends})"
    return well("certificate", said) if left > RENEWAL else ill("certificate", said, "renew it, reload nginx")


def _there(folder: Path) -> Path:
    """Return the folder, or the one above it that exists already."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _names(ffmpeg: str, kind: str) -> set[str]:
    words = [ffmpeg, "-hide_banner", f"-{kind}"]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=30, check=True)
    return {line.split()[1] for line in ran.stdout.splitlines() if len(line.split()) > 1}
