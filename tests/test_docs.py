"""The documents say what is there: every command, every link, every option of the command line."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.commands import page
from mediavault_tui import __version__
from mediavault_tui.cli.main import COMMANDS, parser
from mediavault_tui.store.migrate import tables

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


def _parsers(command: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield command
    for act in command._actions:
        if isinstance(act, argparse._SubParsersAction):
            for below in act.choices.values():
                yield from _parsers(below)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_argument_and_exit_code_is_explained(command: str) -> None:
    (top,) = (each for each in parser(command)._actions if isinstance(each, argparse._SubParsersAction))
    assert "xit code" in (top.choices[command].epilog or "")
    for each in _parsers(top.choices[command]):
        unsaid = [
            action.dest
            for action in each._actions
            if not action.help and not isinstance(action, argparse._SubParsersAction)
        ]
        assert unsaid == [], each.prog


def test_the_page_of_the_commands_is_up_to_date() -> None:
    assert (ROOT / "docs/commands.md").read_text("utf-8") == page(), "run `make commands`"


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


def _leaves(command: argparse.ArgumentParser, path: str) -> Iterator[tuple[str, bool]]:
    """Yield every command and act with whether it has --json."""
    acts = [each for each in command._actions if isinstance(each, argparse._SubParsersAction)]
    if not acts:
        yield path, any("--json" in each.option_strings for each in command._actions)
    for act in acts:
        for name, below in act.choices.items():
            yield from _leaves(below, f"{path} {name}".strip())


def test_the_readme_names_the_commands_that_have_no_json() -> None:
    (said,) = re.findall(r"have `--json` \(not ([^)]*)\)", (ROOT / "README.md").read_text("utf-8"))
    named = set()
    for words in re.findall(r"`([^`]+)`", said):
        command, _, acts = words.partition(" ")
        named |= {f"{command} {act}".strip() for act in acts.split("|")}
    assert named == {path for path, has_json in _leaves(parser(), "") if not has_json}


CODE = [
    path
    for room in ("mediavault_tui", "streamer", "sql", "tests/unit/data")
    for path in (ROOT / room).rglob("*")
    if path.suffix in (".py", ".sql", ".yaml")
]


def test_the_code_cites_pages_and_sections_that_there_are() -> None:
    sections = re.findall(r"^## (\d)\. ", (ROOT / "docs/rules.md").read_text("utf-8"), re.MULTILINE)
    wrong = []
    for path in CODE:
        text = path.read_text("utf-8")
        wrong += [
            (path.name, page)
            for page in re.findall(r"[\w/-]+\.md\b", text)
            if not (ROOT / page).exists() and not (path.parent / page).exists()
        ]
        for cited in re.findall(r"rules\.md, sections? ((?:\d(?:, | and )?)+)", text):
            wrong += [(path.name, number) for number in re.findall(r"\d", cited) if number not in sections]
    assert wrong == []


@pytest.mark.parametrize("room", ["domain", "services"])
def test_the_architecture_names_every_module_of_the_two_large_rooms(room: str) -> None:
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    top = ROOT / "mediavault_tui" / room
    modules = [path.relative_to(top).with_suffix("") for path in top.rglob("*.py") if path.stem != "__init__"]
    own = {Path("scanning"), Path("staging")}  # with a table each, which need not repeat the folder
    named = {str(path) if path.parent not in own else path.name for path in modules}
    assert [name for name in sorted(named) if f"`{name}`" not in page] == []


def test_every_picture_is_shown_somewhere() -> None:
    shown = {
        Path(link).name
        for page in DOCUMENTS
        for link in re.findall(r"\]\(([^)]+\.svg)\)", page.read_text("utf-8"))
    }
    assert {path.name for path in (ROOT / "docs/pictures").iterdir()} == shown


def test_the_architecture_names_every_table() -> None:
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    assert [name for name in tables() if f"`{name}`" not in page] == []


def test_every_kind_of_news_is_written_down() -> None:
    sent = set()
    for path in (*(ROOT / "sql/queries").glob("*.sql"), *(ROOT / "mediavault_tui/store").glob("s*.py")):
        sent |= set(
            re.findall(
                r"f\"([a-z]+):\{|'mediavault', '([a-z]+):|\"([a-z]+):changed\"", path.read_text("utf-8")
            )
        )
    kinds = {kind for found in sent for kind in found if kind}
    assert "renamed" in kinds
    row = next(
        line for line in (ROOT / "docs/deploy.md").read_text("utf-8").splitlines() if "WebSocket:" in line
    )
    assert [kind for kind in sorted(kinds) if f"`{kind}`" not in row] == []
