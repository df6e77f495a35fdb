"""`p`: links are made, shown, copied, listed and revoked; what stands in the way is said."""

from __future__ import annotations

import shlex

import pytest

from mediavault_tui.domain.watching import Answering, mpv, vlc
from mediavault_tui.ui.code import Code, qr
from mediavault_tui.ui.links import Links
from mediavault_tui.ui.watching import Watch
from tests.ui.fakes import FakeVault
from tests.ui.harness import NARROW, WIDE, app_on, keys, settle


async def test_p_in_the_inventory_offers_the_file_under_the_cursor() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("j", "p")(pilot)
        assert isinstance(app.screen, Watch)
        assert len(vault.watched[0]) == 1
        await pilot.press("c")
        assert app.clipboard.startswith("http://127.0.0.1:8007/watch/")
        await pilot.press("m")
        assert shlex.split(app.clipboard)[0] == "mpv"
        await keys("escape")(pilot)
        assert not isinstance(app.screen, Watch)


async def test_two_marked_files_are_offered_together() -> None:
    vault = FakeVault()
    async with app_on(vault).run_test(size=WIDE) as pilot:
        await keys("space", "space", "p")(pilot)
        assert len(vault.watched[0]) == 2


async def test_p_in_duplicates_offers_both_at_the_same_minute() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("2", "p")(pilot)
        assert isinstance(app.screen, Watch)
        await pilot.press("c")
        assert "/compare/" in app.clipboard
        start = app.clipboard.rpartition("&at=")[2]
        await pilot.press("m")
        assert f"--start={start}" in app.clipboard
        await pilot.press("v")
        assert app.clipboard.count(f"--start-time={start}") == 2


async def test_where_no_sidecar_answers_the_dialog_says_how_and_s_starts_one() -> None:
    vault = FakeVault()
    vault.answering = Answering.NO
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("p")(pilot)
        assert "mediavault serve" in str(app.screen.query_one("#state").render())
        await keys("s")(pilot)
        assert vault.started == 1
        assert "No sidecar" not in str(app.screen.query_one("#state").render())
        await keys("s")(pilot)
        assert vault.started == 1


async def test_links_are_listed_and_revoked() -> None:
    vault = FakeVault()
    app = app_on(vault)
    async with app.run_test(size=NARROW) as pilot:
        await keys("p", "l")(pilot)
        assert isinstance(app.screen, Links)
        first = vault.live[0].id
        await keys("d")(pilot)
        assert first not in {link.id for link in vault.live}
        await keys("d")(pilot)
        assert vault.live == []


@pytest.mark.parametrize(("size", "fits"), [(NARROW, False), (WIDE, True)])
async def test_the_code_fits_or_says_why_not(size: tuple[int, int], fits: bool) -> None:
    app = app_on()
    async with app.run_test(size=size) as pilot:
        await keys("2", "p", "r")(pilot)
        assert isinstance(app.screen, Code)
        shown = str(app.screen.query_one("#code").render())
        assert ("█" in shown) is fits
        assert ("columns" in shown) is not fits
        frame = app.screen.query_one("#code").region
        assert frame.height <= size[1]


async def test_one_film_s_code_fits_the_smallest_terminal() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys("p", "r")(pilot)
        code = app.screen.query_one("#code")
        assert "█" in str(code.render())
        assert code.region.height == len(str(code.render()).split("\n")) <= NARROW[1]
        await settle(pilot)


def test_the_code_is_square_and_has_its_quiet_zone() -> None:
    lines = qr("http://127.0.0.1:8007/watch/1").split("\n")
    assert len({len(line) for line in lines}) == 1
    assert abs(len(lines) * 2 - len(lines[0])) <= 1
    assert lines[0].strip() == ""


def test_the_commands_survive_a_shell() -> None:
    hostile = "http://h/x?t=a&b='$(touch /tmp/x)'"
    assert shlex.split(mpv([hostile], start=0)) == ["mpv", hostile]
    assert shlex.split(mpv([hostile, "http://h/y"], start=61))[-1] == hostile
    assert shlex.split(vlc([hostile], start=61)) == ["vlc", "--start-time=61", hostile]
