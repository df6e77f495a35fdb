"""The Scanner on a NAS: shares beside this machine, breadcrumbs, marks, a connection tested in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mediavault_tui.domain.checks import Check
from mediavault_tui.domain.library import Folder, ScanPhase
from mediavault_tui.ui.dialogs import Text
from mediavault_tui.ui.screens.scanner import ScannerScreen, above, crumbs
from mediavault_tui.ui.widgets.listing import Listing
from tests.ui.fakes import FakeVault, moment
from tests.ui.harness import NARROW, WIDE, app_on, keys

BOTH = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "160x45"])
PLACES = Path("places:")


class WithNas(FakeVault):
    """This machine, a NAS that answers and one that does not."""

    def __init__(self) -> None:
        super().__init__()
        self.tested: list[Path] = []

    async def folders(self, path: Path) -> Sequence[Folder]:
        if path == PLACES:
            return [
                Folder(b"/", "this machine", 0, complete=False, note="every folder of this machine"),
                Folder(
                    b"nas:2/volume1",
                    "Synology NAS (smb://nas.example/volume1)",
                    0,
                    complete=False,
                    note="3.21 of 8.00 TB free",
                ),
                Folder(
                    b"nas:3/old",
                    "Old [NAS] (smb://old.example/old)",
                    0,
                    readable=False,
                    note="it does not answer",
                ),
            ]
        root = str(path)
        names = (
            {"docker": 12, "video": 1480, "videos": 214} if root == "nas:2/volume1" else {"Heat (1995)": 2}
        )
        return [Folder(f"{root}/{name}".encode(), name, videos) for name, videos in names.items()]

    async def test_share(self, path: Path) -> Sequence[Check]:
        self.tested.append(path)
        return [
            Check("name", True, "nas.example is 192.0.2.7"),
            Check("port", True, "port 445 is open"),
            Check("protocol", True, "SMB 3.1.1"),
            Check("clock", False, "the NAS's clock is 42 minutes behind", "set both clocks by a time server"),
            Check("user", False, "ruth: the password is [/wrong]", "set it with `mediavault nas add`"),
        ]


async def test_above_the_root_are_all_places_and_a_share_is_entered_like_a_folder() -> None:
    vault = WithNas()
    app = app_on(vault, start=Path("/"))
    async with app.run_test(size=NARROW) as pilot:
        await keys("4", "backspace")(pilot)
        screen = app.screen
        assert isinstance(screen, ScannerScreen)
        assert screen.folder == PLACES
        await keys("down", "enter")(pilot)
        assert screen.folder == Path("nas:2/volume1")
        await keys("down", "down", "enter")(pilot)
        assert screen.folder == Path("nas:2/volume1/videos")
        await keys("backspace", "backspace")(pilot)
        assert screen.folder == PLACES
        assert screen.query_one("#rows", Listing).cursor == 1


async def test_marked_folders_of_a_share_are_scanned() -> None:
    vault = WithNas()
    app = app_on(vault, start=Path("nas:2/volume1"))
    async with app.run_test(size=NARROW) as pilot:
        await keys("4", "space", "down", "space", "S")(pilot)
    assert vault.scanned == [[Path("nas:2/volume1/docker"), Path("nas:2/volume1/videos")]]


async def test_t_tests_the_share_and_says_what_is_wrong() -> None:
    vault = WithNas()
    app = app_on(vault, start=PLACES)
    async with app.run_test(size=NARROW) as pilot:
        await keys("4", "down", "t")(pilot)
        assert isinstance(app.screen, Text)
        assert "✗ user: ruth: the password is [/wrong]" in app.screen.text.plain
        assert "→ set both clocks by a time server" in app.screen.text.plain
    assert vault.tested == [Path("nas:2/volume1")]


async def test_t_on_a_folder_of_this_machine_only_says_so() -> None:
    vault = WithNas()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("4", "t")(pilot)
        assert isinstance(app.screen, ScannerScreen)
    assert vault.tested == []


def test_breadcrumbs_name_the_share() -> None:
    names = {"nas:2": "Synology NAS"}
    assert crumbs(Path("nas:2/volume1/videos"), names) == "Synology NAS › volume1 › videos"
    assert crumbs(PLACES, names) == "All places"
    assert crumbs(Path("/home/ruth"), names) == "/home/ruth"
    assert above(Path("nas:2/volume1")) == PLACES
    assert above(Path("/home")) == Path("/")


@BOTH
@pytest.mark.parametrize(
    ("start", "pressed"),
    [("places:", ("4", "down")), ("nas:2/volume1", ("4", "space")), ("nas:2/volume1", ("4", "t"))],
    ids=["places", "share", "test"],
)
def test_looks_like(
    start: str, pressed: tuple[str, ...], size: tuple[int, int], snap_compare: Callable[..., bool]
) -> None:
    app = app_on(WithNas(), start=Path(start))
    assert snap_compare(app, terminal_size=size, run_before=keys(*pressed))


async def test_bytes_from_the_share_are_counted_on_the_screen() -> None:
    from dataclasses import replace

    from mediavault_tui.ui.widgets.progress import Progress

    vault = WithNas()
    now = moment(ScanPhase.HASHING)
    now = replace(now, counts=replace(now.counts, bytes_wire=1_500_000_000), budget=20_000_000_000)
    vault.moments = [now]
    app = app_on(vault, start=Path("nas:2/volume1"))
    async with app.run_test(size=WIDE) as pilot:
        await keys("4", "S")(pilot)
        shown = app.screen.query_one(Progress).render()
        assert "1.5 GB of 20.0 GB from the share" in shown.plain
