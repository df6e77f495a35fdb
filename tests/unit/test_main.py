"""The command as a whole: exit codes, one sentence for an error, nothing that a terminal obeys."""

from __future__ import annotations

import pytest

from mediavault_tui import __version__
from mediavault_tui.cli.main import main


def test_a_hostile_name_is_harmless_in_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exact", "/nowhere/\x1b[2J\n.mkv"]) == 2
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert r"\x1b[2J" in said
    assert said.count("\n") == 1


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"mediavault {__version__}\n"


def test_an_unknown_command_is_asked_wrongly() -> None:
    with pytest.raises(SystemExit) as left:
        main(["frobnicate"])
    assert left.value.code == 2


def test_an_option_without_a_command_gets_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--frobnicate"])
    assert left.value.code == 2
    assert "usage: mediavault" in capsys.readouterr().err
