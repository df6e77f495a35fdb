"""`make commands`: the page of every command, option and exit code, written from the parsers themselves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from mediavault_tui.cli.main import COMMANDS, parser

HEAD = """\
# Commands

Written by `make commands` from what the program takes; `mediavault COMMAND --help` says the same.
The shorter list is the [README](../README.md)'s.

Without a command the app opens: `mediavault`, `mediavault /path/to/films` and `mediavault --read-only`
are `mediavault app …`. Where a path is asked for, a share's is understood in every spelling
([nas.md](nas.md)); a *number* is the one that the lists show. `--json` prints one document on standard
output; whatever is said beside it goes to standard error. In a checkout, `. .venv/bin/activate` lets the
shell find `mediavault`; `.venv/bin/mediavault` is found without it.

| exit code | means |
|---|---|
| 0 | done |
| 1 | failed, or something was left out or refused; a sentence says what |
| 2 | asked wrongly: an unknown option, group or account, a path that is none, a wrong setting |
| 129, 130, 143 | ended in order: its terminal went, `ctrl+c`, `kill` |
| 141 | whoever read the output has gone |

Below stands what a command's own code means.
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *(line for name in COMMANDS for line in _command(name))])


def _command(name: str) -> Iterator[str]:
    (top,) = (each for each in parser(name)._actions if isinstance(each, argparse._SubParsersAction))
    command: argparse.ArgumentParser = top.choices[name]
    acts = [each for each in command._actions if isinstance(each, argparse._SubParsersAction)]
    yield f"## {name}\n"
    yield f"{_sentence(COMMANDS[name])} {command.epilog}\n"
    for act in acts:
        said = {each.dest: each.help for each in act._choices_actions}
        for word, below in act.choices.items():
            yield f"### {name} {word}\n"
            yield f"{_sentence(said[word] or '')}\n"
            yield from _arguments(f"{name} {word}", below)
    if not acts:
        yield from _arguments(name, command)


def _arguments(words: str, command: argparse.ArgumentParser) -> Iterator[str]:
    taken = [each for each in command._actions if each.dest != "help"]
    places = [_place(each) for each in taken if not each.option_strings]
    yield f"`{' '.join(['mediavault', words, *places])}`\n"
    for group in command._mutually_exclusive_groups:
        choice = ", ".join(f"`{each.option_strings[0]}`" for each in group._group_actions)
        yield f"{'One' if group.required else 'At most one'} of {choice}.\n"
    if taken:
        yield "| argument | meaning |\n|---|---|"
        yield "\n".join(f"| `{_cell(_name(each))}` | {_cell(each.help or '')} |" for each in taken) + "\n"


def _name(action: argparse.Action) -> str:
    if not action.option_strings:
        return _metavar(action)
    value = "" if action.nargs == 0 else f" {_place(action)}"
    return ", ".join(action.option_strings) + value


def _place(action: argparse.Action) -> str:
    """Return what stands in the usage for an argument's value: `[PATH…]`."""
    name = _metavar(action)
    match action.nargs:
        case "?":
            return f"[{name}]"
        case "*":
            return f"[{name}…]"
        case "+":
            return f"{name}…"
        case _:
            return name


def _metavar(action: argparse.Action) -> str:
    if action.choices is not None and action.metavar is None:
        return "|".join(map(str, action.choices))
    return str(action.metavar or action.dest.upper())


def _cell(text: str) -> str:
    """Return text that ends no cell of a table."""
    return text.replace("|", "\\|")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


if __name__ == "__main__":
    sys.stdout.write(page())
