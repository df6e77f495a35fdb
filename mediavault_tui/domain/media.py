"""Which names are video, which belong to a video, and which folders are never entered."""

from __future__ import annotations

VIDEO_SUFFIXES = frozenset(
    b".mkv .mp4 .m4v .avi .mov .webm .wmv .flv .mpg .mpeg .m2v .ts .m2ts .mts"
    b" .vob .ogv .ogm .asf .divx .3gp .rmvb .rm .mk3d".split()
)
"""Lower-case endings that may be a video; `.ts` only when its bytes are MPEG-TS."""

SIDECAR_SUFFIXES = frozenset(
    b".srt .sub .idx .ass .ssa .vtt .sup .smi .nfo .jpg .jpeg .png .webp .tbn .bif .xml .edl".split()
)
"""Endings of files that move along with the video of the same stem."""

SKIPPED_FOLDERS = frozenset(
    b"@eadir eadir #recycle #snapshot @tmp @recycle @recently-snapshot .zfs lost+found"
    b" node_modules duplicates_before_purge $recycle.bin".split()
) | {b"system volume information"}
"""Lower-case names of folders never entered, beside every name that begins with a dot."""

STAGING_FOLDER = b"duplicates_before_purge"
"""The holding folder's name, at the top of a scanned root unless a setting says otherwise."""

HELD_KINDS = frozenset({b"movies", b"tv", b"documentaries"})
"""Names of the folders in a holding folder, wherever that is; in each is one for every day."""


def named_as_held(folder: bytes) -> bool:
    """Return whether a folder is named like those that files are staged in: `…/movies/2026-07-01`."""
    above, _, day = folder.rpartition(b"/")
    if len(day) != len("2026-07-01") or above[above.rfind(b"/") + 1 :] not in HELD_KINDS:
        return False
    return day[4:5] == day[7:8] == b"-" and (day[:4] + day[5:7] + day[8:]).isdigit()


def skipped(folder: bytes) -> bool:
    """Return whether a folder of this name is never scanned."""
    return folder.startswith(b".") or folder.lower() in SKIPPED_FOLDERS


def suffix(name: bytes) -> bytes:
    """Return the ending with its dot, lower-case; empty if there is none."""
    dot = name.rfind(b".")
    return name[dot:].lower() if dot > 0 else b""


def may_be_video(name: bytes) -> bool:
    """Return whether the name ends like a video (an MPEG-TS one must still be proved)."""
    return suffix(name) in VIDEO_SUFFIXES


def is_mpeg_ts(head: bytes) -> bool:
    """Return whether the first bytes are an MPEG transport stream: 0x47 every 188 or 192.

    `head`: at least 4 × 192 bytes where the file has them; a shorter file is no video.
    """
    for stride, first in ((188, 0), (192, 4)):
        marks = head[first : first + 4 * stride : stride]
        if len(marks) == 4 and marks == b"\x47" * 4:
            return True
    return False
