"""The documents say what is there: every command, every link, every option of the command line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mediavault_tui import __version__
from mediavault_tui.cli.main import COMMANDS, parser

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "bench/README.md", *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_has_every_command(command: str) -> None:
    assert re.search(rf"`mediavault {command}\b", (ROOT / "README.md").read_text("utf-8"))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parser(command).parse_args([command, "--help"])
    assert left.value.code == 0
    assert COMMANDS[command] in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_link_leads_nowhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text("utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (document.parent / link).exists()] == []


def test_the_readme_runs_the_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for document in (ROOT / "README.md", ROOT / "docs/development.md"):
        used = set(re.findall(r"^make ([a-z]+)", document.read_text("utf-8"), re.MULTILINE))
        assert used
        assert used <= targets


def test_the_changelog_speaks_of_this_version() -> None:
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
