"""What the kernel's list of mounts says of a share."""

from __future__ import annotations

import pytest

from mediavault_tui.domain.mounts import intended, mounts_of, points
from mediavault_tui.domain.paths import Mount, Names, Share

SHARES = (Share("nas:2", "192.0.2.7", "volume1"), Share("nas:3", "cellar", "Films"))
HEAD = "36 25 0:31 / "


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("/mnt/n rw shared:1 - cifs //192.0.2.7/volume1 rw,vers=3.1.1", ("/mnt/n", "/volume1", "nas:2")),
        ("/a\\040b rw - smb3 //nas/Volume1/c\\040d rw,addr=192.0.2.7", ("/a b", "/volume1/c d", "nas:2")),
        ("/films rw - cifs \\134\\134CELLAR\\134films rw", ("/films", "/Films", "nas:3")),
        ("/mnt/n rw - nfs4 192.0.2.7:/volume1/videos rw", ("/mnt/n", "/volume1/videos", "nas:2")),
        ("/mnt/f rw - nfs cellar:/export/films/new rw", ("/mnt/f", "/Films/new", "nas:3")),
        ("/mnt/nas rw - cifs //192.0.2.8/volume1 rw,addr=192.0.2.8", None),
        ("/mnt/nas rw - cifs //192.0.2.7/other/volume1 rw", None),
        ("/volume1 rw - ext4 /dev/sda1 rw", None),
        ("nonsense", None),
    ],
)  # fmt: skip
def test_mounts_are_found(line: str, found: tuple[str, str, str] | None) -> None:
    mounts = mounts_of(SHARES, (HEAD + line + "\n").encode())
    if found is None:
        assert mounts == []
    else:
        (mount,) = mounts
        assert (mount.folder.decode(), mount.path.decode(), mount.source) == found
        assert mount.unproven == ("nfs" in line)


def test_what_is_mounted_and_what_should_be_is_read_with_its_escapes() -> None:
    lines = [
        "/ rw - ext4 /dev/sda1 rw",
        "/a\\040b rw shared:1 - ext4 /dev/sda1 rw",
    ]  # the second one is bound
    assert points("\n".join(HEAD + line for line in lines).encode()) == {b"/", b"/a b"}
    table = b"# /dev/sdb1 /old ext4\n\nUUID=1 /a\\040b none bind\n/dev/sda2 none swap\n//nas/x /mnt/x cifs\n"
    assert intended(table) == [b"/a b", b"/mnt/x"]


def test_a_mount_that_was_found_is_a_spelling_of_its_share_even_among_namesakes() -> None:
    shares = (Share("nas:2", "a", "both"), Share("nas:3", "b", "both"))
    names = Names(shares, (Mount(b"/mnt/b", b"/both", "nas:3"),))
    assert names.located(b"/mnt/b/x.mkv") == b"nas:3/both/x.mkv"
