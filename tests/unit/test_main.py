"""The command as a whole: exit codes, one sentence for an error, nothing that a terminal obeys."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediavault_tui import __version__
from mediavault_tui.cli.main import main, meant


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


@pytest.mark.parametrize("before", [[], ["--read-only"]])
def test_a_path_without_a_command_is_opened_in_the_app(
    before: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = tmp_path / "film.mkv"
    film.touch()
    assert main([*before, str(film)]) == 2
    assert "film.mkv is no folder; give one that holds videos" in capsys.readouterr().err


def test_a_folder_of_any_name_is_opened_but_a_command_stays_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("films", "scan"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    assert meant(["films"]) == ["app", "films"]
    assert meant(["./scan", "nas:1"]) == ["app", "./scan", "nas:1"]
    assert meant(["nas:"]) == ["app", "nas:"]
    assert meant([]) == ["app"]
    for words in (["scan"], ["scan", "/films"], ["frobnicate"], ["--help"]):
        assert meant(words) == words


def test_read_only_alone_is_the_apps(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--read-only", "--help"])
    assert left.value.code == 0
    assert "usage: mediavault app" in capsys.readouterr().out
