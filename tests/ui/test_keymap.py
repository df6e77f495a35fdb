"""Keys of one's own: what may be remapped to what, and that every place then names the key that works."""

from __future__ import annotations

import ast
import importlib
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
from textual.app import App
from textual.binding import Binding
from textual.command import CommandPalette
from textual.dom import DOMNode

from mediavault_tui import ui
from mediavault_tui.errors import ConfigError
from mediavault_tui.settings import VARIABLES, from_env
from mediavault_tui.ui.app import MediaVaultApp
from mediavault_tui.ui.dialogs import Confirm, Text
from mediavault_tui.ui.keyed import keyed, working
from mediavault_tui.ui.keymap import CONFIRMING, PLACES, TOGETHER, own_bindings, read
from mediavault_tui.ui.widgets.keybar import KeyBar
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.widgets.panebar import NUMBERS, PANES, PaneBar
from tests.ui.fakes import FakeVault
from tests.ui.harness import NARROW, WIDE, app_on, keys, settle, shown, until

ROOT = Path(__file__).parents[2]
KEYS = ROOT / "docs" / "keys.md"
OWNERS: dict[str, type[DOMNode]] = {"Everywhere": MediaVaultApp, **dict(PLACES)}
BINDINGS = [binding for owner in OWNERS.values() for binding in own_bindings(owner)]


def remapped(words: str) -> dict[str, str]:
    """Return what a value of MEDIAVAULT_KEYS comes to."""
    return read(from_env({"MEDIAVAULT_KEYS": words}).keys, MediaVaultApp)


def refused(words: str) -> str:
    with pytest.raises(ConfigError) as raised:
        remapped(words)
    return str(raised.value)


def declaring() -> set[type[DOMNode]]:
    """Return every class below `mediavault_tui.ui` that declares keys."""
    found = set()
    for module in pkgutil.walk_packages(ui.__path__, f"{ui.__name__}."):
        for thing in vars(importlib.import_module(module.name)).values():
            if isinstance(thing, type) and thing.__module__ == module.name and "BINDINGS" in vars(thing):
                found.add(thing)
    return found


def test_the_list_of_places_has_every_class_that_declares_keys() -> None:
    assert declaring() == set(OWNERS.values())


def test_every_binding_has_an_id_of_its_own_and_a_tooltip() -> None:
    declared = [binding for owner in declaring() for binding in vars(owner)["BINDINGS"]]
    assert [binding for binding in declared if not isinstance(binding, Binding) or not binding.id] == []
    ids = [binding.id for binding in BINDINGS]
    assert len(declared) == len(ids) == len(set(ids))
    assert [binding.id for binding in BINDINGS if not binding.tooltip] == []


def test_every_binding_is_documented() -> None:
    text = KEYS.read_text("utf-8")
    assert [binding.id for binding in BINDINGS if f"`{binding.id}`" not in text] == []


def test_every_documented_id_is_there() -> None:
    ids = {binding.id for binding in BINDINGS}
    prefixes = "|".join(sorted({str(id).partition(".")[0] for id in ids}))
    named = set(re.findall(rf"`((?:{prefixes})\.[a-z0-9_]+)`", KEYS.read_text("utf-8")))
    assert named - ids == set()


@pytest.mark.parametrize("pane", PANES)
async def test_what_works_at_the_same_time_is_known(pane: str) -> None:
    """A pair that is missing in the table could be put on one key."""
    app = app_on()
    async with app.run_test(size=WIDE) as pilot:
        await keys(str(NUMBERS[pane]))(pilot)
        screen = app.screen
        for widget in (screen, *(each for each in screen.walk_children() if each.focusable)):
            chain = {
                owner for owner in OWNERS.values() for node in _around(widget) if isinstance(node, owner)
            }
            known = [{*beside, *_bases(beside[-1]), MediaVaultApp} for beside in TOGETHER]
            assert any(chain <= each for each in known), (widget, chain)


def _around(widget: DOMNode) -> list[DOMNode]:
    return list(widget.ancestors_with_self)


def _bases(screen: type[DOMNode]) -> set[type[DOMNode]]:
    return {owner for owner in OWNERS.values() if issubclass(screen, owner)}


@pytest.mark.parametrize(
    ("words", "keymap"),
    [
        ("inventory.stage=D", {"inventory.stage": "D"}),
        ("inventory.stage=D, app.help = f1", {"inventory.stage": "D", "app.help": "f1"}),
        ("list.first=home ctrl+home", {"list.first": "home,ctrl+home"}),
        ("app.help=!", {"app.help": "exclamation_mark"}),
        ("app.undo=ctrl+z", {"app.undo": "ctrl+z"}),
        ("app.undo=Shift+z", {"app.undo": "Z"}),
        ("app.undo=ctrl+i", None),
        ("list.mark=esc", None),
        ("confirm.yes=f9", {"confirm.yes": "f9"}),
        ("inventory.sort=d,inventory.stage=s", {"inventory.sort": "d", "inventory.stage": "s"}),
        ("line.back=f2", {"line.back": "f2"}),
    ],
)
def test_what_may_be_remapped(words: str, keymap: dict[str, str] | None) -> None:
    if keymap is None:
        refused(words)
    else:
        assert remapped(words) == keymap


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            "inventory.stge=D",
            (
                "MEDIAVAULT_KEYS: no key has the id inventory.stge; did you mean inventory.stage? "
                "The ids stand in docs/keys.md and, with m, in Settings"
            ),
        ),
        ("inventory.stage=dd", "dd for inventory.stage is no key; write a character or a name as f1, ctrl+t"),
        ("inventory.stage=hyperspace+d", "hyperspace+d for inventory.stage is no key"),
        (
            "inventory.stage=s",
            "inventory.stage would be on s beside inventory.sort; give one another key",
        ),
        ("inventory.stage=j", "inventory.stage would be on j beside list.down"),
        ("inventory.stage=u", "inventory.stage would be on u beside app.undo"),
        ("compare.frames=b", "compare.frames would be on b beside duplicates.both"),
        ("app.undo=m", "app.undo would be on m beside world.title, chat.model, settings.keys"),
        ("list.up=up a", "list.up would be on a beside pending.approve"),
        ("app.undo=ctrl+q", "app.undo cannot be on ctrl+q, which always leaves the app"),
        ("word.back=q", "word.back cannot be on q, which a line of text takes; choose esc, f2 or ctrl+t"),
        ("line.back=left", "line.back cannot be on left, which a line of text takes"),
        ("pane.back=space", "pane.back cannot be on space, which a line of text takes"),
        ("statement.run=enter", "statement.run cannot be on enter, which a line of text takes"),
    ],
)
def test_what_is_refused_and_in_which_words(words: str, sentence: str) -> None:
    assert sentence in refused(words)


@pytest.mark.parametrize(
    "words",
    [
        "inventory.stage=y",
        "confirm.yes=d",
        "confirm.yes=enter",
        "batch.yes=A",
        "rename.yes=r",
        "compare.keep=y",
        "pending.purge=y",
        "inventory.stage=Y,confirm.yes=Y",
        "inventory.stage=f9,confirm.yes=f9",
    ],
)
def test_the_key_that_confirms_starts_nothing(words: str) -> None:
    assert "the key that confirms starts nothing" in refused(words)


@pytest.mark.parametrize("yes", sorted(CONFIRMING))
def test_no_key_of_the_app_itself_is_also_one_that_confirms(yes: str) -> None:
    confirming = {key for b in BINDINGS if b.id in CONFIRMING for key in b.key.split(",")}
    assert [b.id for b in BINDINGS if b.id not in CONFIRMING and confirming & set(b.key.split(","))] == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("D", "MEDIAVAULT_KEYS: 'D' does not say which key; write app.help=f1"),
        ("inventory.stage=D,e", "'e' does not say which key"),
        ("app.help=", "'app.help=' does not say which key"),
        ("app.help=f1,app.help=f2", "app.help is there twice; write its keys with a space between"),
    ],
)
def test_a_setting_that_cannot_be_read(words: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as raised:
        from_env({"MEDIAVAULT_KEYS": words})
    assert sentence in str(raised.value)


def test_the_examples_of_the_documents_may_be_set() -> None:
    texts = [KEYS, ROOT / "docs/configuration.md", ROOT / ".env.example"]
    found = [each for path in texts for each in re.findall(r"\w+\.\w+=[^`;|\n]+", path.read_text("utf-8"))]
    assert len(found) >= 3
    for words in found:
        remapped(words.removeprefix("MEDIAVAULT_KEYS="))


@pytest.mark.parametrize("command", ["app", "web"])
def test_a_map_that_cannot_be_is_told_at_the_start(command: str, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "MEDIAVAULT_KEYS": "inventory.stage=s",
        "MEDIAVAULT_DATA_DIR": str(tmp_path),
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    }
    ran = subprocess.run(
        [sys.executable, "-m", "mediavault_tui", command],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 2
    assert "inventory.stage would be on s beside inventory.sort; give one another key" in ran.stderr
    assert "Traceback" not in ran.stderr


async def test_a_remapped_key_works_and_its_old_one_does_not() -> None:
    app = app_on(remapped=remapped("inventory.stage=D,confirm.yes=f9,list.down=down f7"))
    async with app.run_test(size=NARROW) as pilot:
        await keys("d")(pilot)
        assert not isinstance(app.screen, Confirm)
        await keys("f7", "D")(pilot)
        assert isinstance(app.screen, Confirm)
        await keys("y")(pilot)
        assert isinstance(app.screen, Confirm)
        await keys("f9")(pilot)
        await until(pilot, lambda: not isinstance(app.screen, Confirm))
        assert app.screen.query_one("#rows", Listing).cursor == 1


async def test_two_keys_may_change_places() -> None:
    app = app_on(remapped=remapped("inventory.sort=d,inventory.stage=s"))
    async with app.run_test(size=NARROW) as pilot:
        await keys("s")(pilot)
        assert isinstance(app.screen, Confirm)


async def test_footer_bar_help_palette_and_list_name_the_key_that_works() -> None:
    words = "inventory.stage=D,app.undo=f8,app.pending=f3,list.up=up f7,confirm.yes=f9"
    app = app_on(FakeVault(), remapped=remapped(words))
    async with app.run_test(size=WIDE) as pilot:
        await settle(pilot)
        bar = app.screen.query_one(KeyBar).render().plain
        assert "D Stage" in bar
        assert "f8 Undo" in bar
        assert "f3 Pending" in app.screen.query_one(PaneBar).render().plain
        await keys("question_mark")(pilot)
        assert isinstance(app.screen, Text)
        said = app.screen.text.plain
        assert re.search(r"^ +D  Stage the marked", said, re.MULTILINE)
        assert not re.search(r"^ +d  ", said, re.MULTILINE)
        await keys("escape", "D")(pilot)
        assert "f9 stage it" in shown(app)
        await keys("n")(pilot)
        app.action_key_map()
        await settle(pilot)
        listed = app.screen.text.plain  # type: ignore[attr-defined]
        assert re.search(r"^ +D  inventory.stage", listed, re.MULTILINE)
        assert re.search(r"^ +↑,f7  list.up", listed, re.MULTILINE)
        await keys("escape", "ctrl+p")(pilot)
        assert isinstance(app.screen, CommandPalette)
        await pilot.press(*"stage")
        await until(pilot, lambda: "Stage (D)" in shown(app))


@pytest.mark.parametrize("pane", PANES)
async def test_at_160_columns_every_key_that_works_stands_in_the_foot_lines(pane: str) -> None:
    app = app_on()
    async with app.run_test(size=WIDE) as pilot:
        await keys(str(NUMBERS[pane]), "escape")(pilot)
        for widget in [each for each in app.screen.walk_children() if each.focusable and each.region]:
            widget.focus()
            await settle(pilot)
            bar = app.screen.query_one(KeyBar).render().plain
            elsewhere = {f"app.{each}" for each in PANES} | {"duplicates.right"}
            words = [
                f"{app.get_key_display(each.binding)} {each.binding.description}"
                for each in working(app.screen)
                if each.binding.id not in elsewhere
            ]
            assert len(words) > 1
            assert [each for each in words if each not in bar] == []


@pytest.mark.parametrize("pressed", [("1",), ("2",), ("2", "enter"), ("3",), ("4",), ("4", "tab"), ("6",)])
async def test_back_undo_help_menu_and_quit_stand_there_however_narrow(pressed: tuple[str, ...]) -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        await keys(*pressed)(pilot)
        lines = app.screen.query_one(KeyBar).render().plain.split("\n")
        assert len(lines) == 2
        assert lines[1].endswith("esc Back  u Undo  ? Help  ^p Menu  q Quit")


async def test_keys_that_would_do_nothing_are_not_offered() -> None:
    app = app_on()
    async with app.run_test(size=WIDE) as pilot:
        await keys("1")(pilot)
        assert "Details down" not in app.screen.query_one(KeyBar).render().plain
        await keys("enter")(pilot)
        assert "J Details down" in app.screen.query_one(KeyBar).render().plain
        await keys("escape")(pilot)
        assert "Details down" not in app.screen.query_one(KeyBar).render().plain
        await keys("2")(pilot)
        assert "tab Next pair" in app.screen.query_one(KeyBar).render().plain
        await keys("down")(pilot)
        assert "Next pair" not in app.screen.query_one(KeyBar).render().plain
        await keys("4")(pilot)
        bar = app.screen.query_one(KeyBar).render().plain
        assert "Pause" not in bar
        assert "Cancel" not in bar
        await keys("6", *["down"] * list(VARIABLES).index("MEDIAVAULT_LANGUAGES"))(pilot)
        assert "Take back" not in app.screen.query_one(KeyBar).render().plain
        await keys("enter", "comma", "d", "e", "enter")(pilot)
        assert "Take back" in app.screen.query_one(KeyBar).render().plain


async def test_a_list_says_what_enter_does_in_it() -> None:
    app = app_on()
    async with app.run_test(size=NARROW) as pilot:
        for pressed, words in (("1", "Details"), ("3", "Details"), ("4", "Into"), ("tab", "Scan again")):
            await keys(pressed)(pilot)
            assert f"⏎ {words}" in app.screen.query_one(KeyBar).render().plain
        await keys("question_mark")(pilot)
        assert isinstance(app.screen, Text)
        assert "⏎  Scan the folders of this scan once more" in app.screen.text.plain


async def test_a_remapped_key_keeps_its_place_in_the_foot_line() -> None:
    async def bar(app: MediaVaultApp) -> str:
        async with app.run_test(size=NARROW) as pilot:
            await settle(pilot)
            return app.screen.query_one(KeyBar).render().plain

    plain = await bar(app_on())
    mine = await bar(app_on(remapped=remapped("inventory.stage=D,inventory.sort=O,app.undo=U")))
    assert mine == plain.replace("d Stage", "D Stage").replace("s Sort", "O Sort").replace("u Undo", "U Undo")


async def test_dialogs_name_the_keys_that_work_beside_what_they_offer() -> None:
    app = app_on(remapped=remapped("choice.1=f1,rename.own=f4,rename.widen=f6,rename.yes=f9"))
    async with app.run_test(size=WIDE) as pilot:
        await keys("s")(pilot)
        assert re.search(r"f1  +title", shown(app))
        await keys("escape", "r")(pilot)
        assert re.search(r"3 Kodi +f4 your own +f6 ", shown(app))
        assert re.search(r"f9 rename the marked .*1…f4 names +f6 widen", shown(app))


async def test_what_inventory_and_settings_say_names_the_key_that_works() -> None:
    vault = FakeVault()
    vault.ask()
    words = "list.range=f6,world.titles=f7,duplicates.batch=f8"
    app = app_on(vault, remapped=remapped(words))
    async with app.run_test(size=WIDE) as pilot:
        await keys("f6")(pilot)
        assert "range begun, f6 ends it" in shown(app)
        assert "titles ask (f7)" in shown(app)
        await keys("6", *["down"] * list(VARIABLES).index("MEDIAVAULT_LANGUAGES"))(pilot)
        await keys("enter", "comma", "d", "e", "enter")(pilot)
        assert "f8 would stage 1 fewer" in shown(app)
        await keys("r")(pilot)
        assert isinstance(app.screen, Text)
        assert "f8 would stage 1 fewer" in app.screen.text.plain


def test_a_sentence_names_the_key_that_works() -> None:
    app = app_on(remapped=remapped("app.undo=ctrl+z"))
    assert keyed(app, "<app.undo:u> takes it back, <app.help:?> helps.") == "^z takes it back, ? helps."
    assert keyed(App(), "<app.undo:u> takes it back.") == "u takes it back."


def sentences() -> list[tuple[str, str, str]]:
    """Return every id that a sentence of the app names, with what its key is called there."""
    found = []
    for path in (ROOT / "mediavault_tui" / "ui").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and path.name != "keyed.py":
                found += [(path.name, *m) for m in re.findall(r"<([a-z]+\.[a-z0-9_]+):([^<>]+)>", node.value)]
    return found


def test_sentences_call_the_keys_by_their_names() -> None:
    app = MediaVaultApp.get_key_display
    names: dict[str, set[str]] = {}
    for binding in BINDINGS:
        for each in Binding.make_bindings([binding]):
            bare = Binding(each.key, "")
            names.setdefault(str(binding.id), set()).update(
                {each.key, app(app_on(), bare), *filter(None, [each.key_display])}
            )
    wrong = [
        (file, id, name)
        for file, id, name in sentences()
        if not set(name.lower().split()) <= {each.lower() for each in names.get(id, ())}
    ]
    assert len(sentences()) > 60
    assert wrong == []


def test_no_picture_shows_a_sentence_whose_keys_were_not_filled_in() -> None:
    pictures = list((Path(__file__).parent / "__snapshots__").rglob("*.svg"))
    assert pictures
    left = [path.name for path in pictures if re.search(r"&lt;[a-z]+\.[a-z0-9_]+:", path.read_text("utf-8"))]
    assert left == []
