"""What the chat pane says of itself, and the commands that begin with a slash."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content

from mediavault_tui.domain.chat import SENT, Budget, ChatMessage, Choice, Readiness
from mediavault_tui.ui.format import count, size, visible

COMMANDS: Mapping[str, str] = {
    "/stats": "what is in the library",
    "/find WORDS": "files by words of title or path",
    "/sql SELECT …": "one SELECT over the views",
    "/explain N": "why a file has its score and verdict; /explain group N",
    "/ready [N]": "ready questions by number",
    "/views": "the views and what their columns mean",
    "/sessions [WORDS]": "earlier sessions, to resume",
    "/new": "begin a new session",
    "/title WORDS": "give this session another title",
    "/export [FOLDER]": "write this session as Markdown",
    "/model auto|large|mini": "which model answers",
    "/sent": "what of this session left the machine",
    "/forget": "delete this session; what it used stays counted",
    "/help": "these commands",
}
"""Each command and what it does; all but /sent and /model are of use without a language model."""

_EXAMPLES = (
    "How much room would I win if I staged everything that is certain or clear?",
    "Which films do I have only in French?",
    "Why should I keep the other copy of Charade?",
)


def parse(text: str) -> tuple[str, str]:
    """Return the command of a line (without its slash, in small letters; or none) and the rest."""
    if not text.startswith("/"):
        return "", text.strip()
    word, _, rest = text[1:].partition(" ")
    return word.lower(), rest.strip()


def welcome(ready: Readiness, questions: Mapping[str, str], *, narrow: bool) -> Content:
    """Return what an empty session shows: what can be asked, with a model and without."""
    accent, muted = "bold $text-accent", "$foreground-muted"
    blocks: list[Content] = []
    if ready.ready:
        lines = [Content.styled("Ask in plain words", accent)]
        lines += [Content.styled(f"  {example}", muted) for example in _EXAMPLES]
    else:
        lines = [
            Content.styled("Questions in plain words need a language model", accent),
            Content.styled(f"  {visible(ready.hint)}.", muted),
            Content.styled("  Everything below works without one.", muted),
        ]
    blocks.append(Content("\n").join(lines))
    names = list(questions.values())
    shown = names[:6] if narrow else names
    ready_lines = [Content.styled("Ready questions", accent)]
    ready_lines += [
        Content.assemble((f"  /ready {number}  ", "$foreground"), (words, muted))
        for number, words in enumerate(shown, start=1)
    ]
    if len(shown) < len(names):
        ready_lines.append(Content.styled(f"  /ready lists all {len(names)}", muted))
    blocks.append(Content("\n").join(ready_lines))
    blocks.append(
        Content.assemble(("Commands  ", accent), (" ".join(c.split(" ")[0] for c in COMMANDS), muted))
    )
    return Content("\n\n").join(blocks)


def help_lines() -> list[str]:
    """Return every command with what it does."""
    return [f"{command:<24}{words}" for command, words in COMMANDS.items()]


def state(ready: Readiness, choice: Choice, budget: Budget | None, *, busy: bool) -> str:
    """Return the line under the question, with the keys as `keyed` reads them."""
    if not ready.ready:
        return "no language model · ready questions, /find, /sql and /explain work"
    parts = ["answering, <pane.back:esc> stops" if busy else "", f"model: {choice.value} (<chat.model:m>)"]
    if budget is not None:
        parts.append(f"{budget.spent:,} of {budget.limit:,} tokens today")
        if not busy:  # a narrow line has no room for both
            parts.append(f"${budget.cost_usd:.3f}")
    return " · ".join(part for part in parts if part)


def sent_lines(messages: list[ChatMessage], ready: Readiness) -> list[str]:
    """Return what of a session left the machine, message by message."""
    messages = [each for each in messages if each.role in SENT]  # commands and what they found stayed here
    lines = [f"To {ready.recipient or 'nobody'}, in this session:", ""]
    for message in (each for each in messages if each.content):
        when = f"{message.created_at:%H:%M:%S}" if message.created_at else ""
        what = {
            "system": "the instructions and the views' meanings",
            "user": "your question",
            "assistant": "(the model's own answer, sent back as memory)",
            "tool": "what a look-up found",
        }[message.role]
        lines.append(f"{when}  {what}, {size(len(message.content.encode()))}")
        if message.role in ("user", "tool"):
            lines += [f"    {message.content[:2000]}" + ("…" if len(message.content) > 2000 else "")]
    asked = sum(message.role == "user" for message in messages)
    lines += ["", f"{count(asked, 'question')}; earlier messages of a session go along with each new one."]
    return lines if messages else ["Nothing of this session has left the machine."]
