"""One file, many names: every spelling of a path of a share leads to one located path."""

from __future__ import annotations

from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediavault_tui.domain.paths import PLACES, Mount, Names, Share, locate, parent, place
from mediavault_tui.errors import UsageError

NAMES = Names(
    (
        Share("nas:2", "nas", "volume1"),
        Share("nas:3", "192.0.2.7", "Films", 4450),
        Share("nas:4", "attic", "both"),
        Share("nas:5", "cellar", "both"),
    ),
    (Mount.read("/mnt/nas-media=volume1"), Mount.read("/mnt/nas-media/series=Films/series")),
)

SAME = """
/volume1/videos/x.mkv                   nas:2/volume1/videos/x.mkv
/Volume1/videos//x.mkv                  nas:2/volume1/videos/x.mkv
\\\\nas\\volume1\\videos\\x.mkv         nas:2/volume1/videos/x.mkv
\\\\NAS\\VOLUME1\\videos\\x.mkv         nas:2/volume1/videos/x.mkv
smb://nas/volume1/videos/x.mkv          nas:2/volume1/videos/x.mkv
SMB://ruth@nas:445/volume1/videos/x.mkv nas:2/volume1/videos/x.mkv
smb://nas/volume1/a%20b.mkv             nas:2/volume1/a b.mkv
//nas/volume1/videos/x.mkv              nas:2/volume1/videos/x.mkv
/mnt/nas-media/videos/x.mkv             nas:2/volume1/videos/x.mkv
/mnt/nas-media                          nas:2/volume1
/mnt/nas-media/series/y.mkv             nas:3/Films/series/y.mkv
nas:/volume1/videos/x.mkv               nas:2/volume1/videos/x.mkv
nas:2/volume1/videos/x.mkv              nas:2/volume1/videos/x.mkv
smb://192.0.2.7:4450/films/y.mkv        nas:3/Films/y.mkv
smb://cellar/both/z.mkv                 nas:5/both/z.mkv
/home/ruth/x.mkv                        /home/ruth/x.mkv
/volume10/x.mkv                         /volume10/x.mkv
/mnt/nas-media2/x.mkv                   /mnt/nas-media2/x.mkv
//elsewhere/volume1/x.mkv               //elsewhere/volume1/x.mkv
films/x.mkv                             films/x.mkv
"""
REFUSED = """
/volume1/../etc/passwd          `..`
smb://nas/volume1/%2e%2e/x      `..`
\\\\nas\\volume1\\..\\x         `..`
/mnt/nas-media/./x.mkv          `..`
smb://elsewhere/volume1/x.mkv   not set up
smb://nas/other/x.mkv           not set up
\\\\elsewhere\\volume1\\x       not set up
nas:/other/x.mkv                no share other
nas:9/volume1/x.mkv             there is no nas:9
/both/z.mkv                     on several machines
smb://nas:4450/volume1/x.mkv    not set up
"""


def lines(table: str) -> list[tuple[str, str]]:
    import re

    return [
        tuple(re.split(r"  +| (?=nas:2/)", line.strip(), maxsplit=1)) for line in table.strip().splitlines()
    ]  # type: ignore[misc]


@pytest.mark.parametrize(("name", "located"), lines(SAME))
def test_every_spelling_is_one_file(name: str, located: str) -> None:
    assert NAMES.located(name.encode()) == located.strip().encode()


@pytest.mark.parametrize(("name", "why"), lines(REFUSED))
def test_what_leaves_the_share_or_means_nothing_is_refused(name: str, why: str) -> None:
    with pytest.raises(UsageError, match=why.strip().replace(".", r"\.")):
        NAMES.located(name.encode())


def spellings(located: bytes) -> list[bytes]:
    """Return every way to write a located path of a share of `NAMES`."""
    source, path = place(located)
    share = next(share for share in NAMES.shares if share.source == source)
    host = share.host.encode()
    port = b"" if share.port == 445 else b":%d" % share.port
    uri = b"smb://" + host + port + quote_from_bytes(path, safe="/ ").encode()
    written = [located, path, b"nas:" + path, uri, b"//" + host + path]
    if b"\\" not in path:
        written.append(b"\\\\" + host + path.replace(b"/", b"\\"))
    for mount in NAMES.mounts:
        if path == mount.path or path.startswith(mount.path + b"/"):
            written.append(mount.folder + path[len(mount.path) :])
    return written


step = st.binary(min_size=1, max_size=20).filter(
    lambda raw: not {0, 47} & set(raw) and raw not in (b".", b"..")
)


@given(st.lists(step, max_size=5), st.sampled_from(["nas:2", "nas:3"]))
def test_all_spellings_of_a_path_lead_back_to_it(steps: list[bytes], source: str) -> None:
    share = next(share for share in NAMES.shares if share.source == source)
    located = locate(source, b"/".join([share.top, *steps]))
    for spelling in spellings(located):
        if NAMES.mounted(spelling) or not spelling.startswith(b"/mnt/"):
            assert NAMES.located(spelling) == located, spelling


@given(st.binary(max_size=60))
def test_no_name_ever_leads_out_of_a_share(name: bytes) -> None:
    for spelled in (name, b"/volume1/" + name, b"smb://nas/volume1/" + name, b"\\\\nas\\volume1\\" + name):
        try:
            located = NAMES.located(spelled)
        except UsageError:
            continue
        source, path = place(located)
        if source != "local":
            assert path.startswith((b"/volume1", b"/Films", b"/both"))
            assert not {b"", b".", b".."} & set(path.split(b"/")[1:])
            assert NAMES.located(located) == located


@given(st.sampled_from(["local", "nas:1", "nas:77"]), st.lists(step, max_size=4))
def test_locating_is_undone_by_placing(source: str, steps: list[bytes]) -> None:
    path = b"/" + b"/".join(steps)
    assert place(locate(source, path)) == (source, path)


def test_walking_up_ends_at_all_places() -> None:
    assert parent(b"nas:2/volume1/videos") == b"nas:2/volume1"
    assert parent(b"nas:2/volume1") == PLACES
    assert parent(b"/home") == b"/"
    assert parent(b"/") == PLACES
    assert parent(PLACES) == PLACES


@pytest.mark.parametrize("text", ["/mnt/x", "mnt=volume1", "/mnt/x=", "/mnt/x=/"])
def test_a_mount_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not of the form"):
        Mount.read(text)
