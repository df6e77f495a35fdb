"""Questions and messages over a pane; each is answered with keys that did not start it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui.advice import advice
from mediavault_tui.ui.describe import hanging, plain
from mediavault_tui.ui.format import visible
from mediavault_tui.ui.inorder import AsksFirst
from mediavault_tui.ui.keyed import keyed
from mediavault_tui.ui.leaving import Leaving

Answer = TypeVar("Answer")


class Modal(Leaving, ModalScreen[Answer]):
    """The frame of every dialog: a title, a body that scrolls, and at its foot, always in sight, the keys."""

    DEFAULT_CSS = """
    Modal {
        align: center middle;
        background: $background 60%;

        & > #frame {
            width: 80;
            max-width: 96%;
            height: auto;
            max-height: 90%;
            padding: 1 2 0 2;
            border: round $border;
            border-title-color: $text-accent;
            border-title-style: bold;
            background: $surface;
        }
        #body { height: auto; max-height: 100%; background: $surface; }
        #foot { dock: bottom; height: auto; background: $surface; }
        #keys { height: 2; padding-top: 1; color: $foreground-muted; }
        Input { background: $boost; border: tall $border-blurred; }
        Input:focus { border: tall $border; }
        &.-warning > #frame { border: round $warning; border-title-color: $text-warning; }
        &.-error > #frame { border: round $error; border-title-color: $text-error; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "question_mark",
            "help",
            "Help",
            key_display="?",
            show=False,
            id="dialog.help",
            tooltip="The keys that work in this dialog",
        ),
    ]

    def __init__(self, title: str, keys: Sequence[tuple[str, str]]) -> None:
        """`keys`: pairs of a key (`keyed` names the one that works) and what it does, for the last line."""
        super().__init__()
        self._title = visible(title)
        self._keys = keys

    def compose(self) -> ComposeResult:
        with Vertical(id="frame") as frame:
            frame.border_title = Content(self._title)  # a str would be markup
            yield from self.body()
            hints = [
                Content.assemble((keyed(self.app, key), "bold $text-accent"), " ", text)
                for key, text in self._keys
            ]
            with Vertical(id="foot"):
                yield from self.foot()
                yield Static(Content("   ").join(hints), id="keys")

    def on_mount(self) -> None:
        # On a small terminal they would lie over the keys; what was said just before is still on its way.
        self.app.call_later(self.app.clear_notifications)

    def body(self) -> ComposeResult:
        """Yield what stands between title and foot; what may be long scrolls."""
        yield from ()

    def foot(self) -> ComposeResult:
        """Yield what stands above the keys, however long the body is."""
        yield from ()

    async def action_help(self) -> None:
        """Show the app's help: its own key does not reach through a dialog."""
        await self.app.run_action("help", self.app)


class Confirm(AsksFirst, Modal[bool]):
    """Asks before an act, naming exactly what it concerns; only `y` says yes."""

    HELP = "A question. <confirm.yes:y> does it, <confirm.no:n> leaves everything as it is."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "Yes", id="confirm.yes", tooltip="Do what the dialog says"),
        Binding("n,escape", "dismiss(False)", "No", id="confirm.no", tooltip="Leave everything as it is"),
    ]

    def __init__(self, title: str, lines: Sequence[str], *, yes: str) -> None:
        super().__init__(title, [("<confirm.yes:y>", yes), ("<confirm.no:n>", "no, go back")])
        self.lines = lines
        self.add_class("-warning")

    def body(self) -> ComposeResult:
        with VerticalScroll(id="body"):
            yield Static(hanging(self.lines))


class TypedWord(AsksFirst, Modal[str | None]):
    """Asks for a word to be typed before what cannot be undone; answers it, or nothing."""

    HELP = "Type the word exactly and press Enter; <word.back:esc> leaves everything as it is."

    DEFAULT_CSS = """
    TypedWord #wrong { height: auto; color: $text-error; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="word.back", tooltip="Leave everything as it is"),
    ]

    def __init__(self, title: str, lines: Sequence[str], *, word: str) -> None:
        super().__init__(title, [("enter", f"when “{word}” is typed"), ("<word.back:esc>", "no, go back")])
        self.lines = lines
        self.word = word
        self.add_class("-error")

    def body(self) -> ComposeResult:
        with VerticalScroll(id="body", can_focus=False):
            yield Static(hanging(self.lines))

    def foot(self) -> ComposeResult:
        yield Input(placeholder=f"type {self.word}", id="word")
        yield Static(id="wrong")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value == self.word:
            self.dismiss(event.value)
        else:
            event.input.add_class("-invalid")
            self.query_one("#wrong", Static).update(
                plain([f"Nothing was done: type {self.word}, in small letters, and press enter."])
            )


class Line(Modal[str | None]):
    """Asks for one line of text; answers it, or nothing."""

    HELP = "Type one line. Enter keeps it, <line.back:esc> leaves everything as it is."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="line.back", tooltip="Leave everything as it is"),
    ]

    DEFAULT_CSS = """
    Line #wrong { height: auto; color: $text-error; }
    """

    def __init__(self, title: str, value: str, *, wrong: str = "") -> None:
        """`wrong`: what is wrong with the value, where it was refused before."""
        super().__init__(title, [("enter", "keep it"), ("<line.back:esc>", "go back")])
        self.value = value
        self.wrong = wrong

    def body(self) -> ComposeResult:
        yield Input(self.value, id="line", select_on_focus=False)
        if self.wrong:
            yield Static(Content(self.wrong), id="wrong")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value)


class Choice(Modal[int | None]):
    """Offers up to nine things by number; answers the place of the one chosen, or nothing."""

    HELP = "Press the number of what you want, or <choice.back:esc>."

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(
                str(n), f"pick({n - 1})", f"Choice {n}", show=False, id=f"choice.{n}", tooltip=f"Take {n}"
            )
            for n in range(1, 10)
        ),
        Binding("escape", "dismiss(None)", "Back", id="choice.back", tooltip="Leave everything as it is"),
    ]

    def __init__(self, title: str, options: Sequence[str]) -> None:
        super().__init__(title, [("1…9", "choose"), ("<choice.back:esc>", "go back")])
        self.options = options

    def body(self) -> ComposeResult:
        rows = [
            Content.assemble(
                (keyed(self.app, f" <choice.{number}:{number}> "), "bold $text-accent"), " ", visible(option)
            )
            for number, option in enumerate(self.options, start=1)
        ]
        yield Static(Content("\n").join(rows))

    def action_pick(self, place: int) -> None:
        if place < len(self.options):
            self.dismiss(place)


class Trouble(AsksFirst, Modal[bool]):
    """An error as a panel: what could not be done, the sentence, the first step out."""

    HELP = "Something went wrong; nothing is half done. <trouble.again:r> tries again where that can help."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(False)", "Back", id="trouble.back", tooltip="Put the panel away"),
        Binding("r", "dismiss(True)", "Try again", id="trouble.again", tooltip="Try the same once more"),
        Binding(
            "enter",
            "first",
            "Go on",
            id="trouble.first",
            tooltip="Put the panel away; where it can help, try the same once more",
        ),
    ]

    def __init__(self, title: str, sentence: str, advice: str, *, again: bool = False) -> None:
        keys = [("<trouble.back:esc>", "leave" if again else "go back")]
        if again:
            keys.insert(0, ("<trouble.again:r>", "try again"))
        super().__init__(title, keys)
        self.sentence = sentence
        self.advice = advice
        self.again = again
        self.add_class("-error")

    def body(self) -> ComposeResult:
        with VerticalScroll(id="body"):
            yield Static(plain([self.sentence, "", self.advice]))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.again if action == "dismiss" and parameters == (True,) else True

    def action_first(self) -> None:
        """Do what the line of keys names first."""
        self.dismiss(self.again)


def show_trouble(app: App[Any], title: str, error: MediaVaultError) -> None:
    """Show an error as a panel, unless one is shown: what fails again and again is one panel."""
    if not isinstance(app.screen, Trouble):
        app.push_screen(Trouble(title, str(error), advice(error)))


class Text(Modal[None]):
    """Lines to read: help, errors of a scan, what was refused."""

    HELP = "Lines to read. The arrows scroll, <text.back:esc> goes back."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss(None)", "Back", id="text.back", tooltip="Put the panel away"),
    ]

    def __init__(self, title: str, text: Content) -> None:
        super().__init__(title, [("<text.back:esc>", "go back")])
        self.text = text

    def body(self) -> ComposeResult:
        with VerticalScroll(id="body"):
            yield Static(self.text)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "help"  # its one key stands at its foot, and help would cover help
