"""What of a session goes along with the next question, as the protocol has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mediavault_tui.domain.chat import SENT, ChatMessage, tool_calls_json

REMEMBERED = 48_000
"""Characters of earlier messages that go along with a question; older ones stay at home."""


def as_sent(message: ChatMessage) -> dict[str, Any]:
    """Return a message as the protocol has it."""
    sent: dict[str, Any] = {"role": message.role, "content": message.content or None}
    if calls := tool_calls_json(message.tool_calls):
        sent["tool_calls"] = calls
    if message.tool_call_id:
        sent["tool_call_id"] = message.tool_call_id
    return sent


def remembered(history: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """Return the earlier messages that go along: whole questions, the newest that there is room for.

    A call without its result, left by an answer that was stopped, would be refused; it is left out. So are
    commands and what they found: they were asked without the model, and nothing of them leaves the machine.
    """
    answered = {message.tool_call_id for message in history if message.role == "tool"}
    blocks: list[list[dict[str, Any]]] = []
    open_calls: set[str] = set()
    for message in history:
        if message.role not in SENT or message.role == "system":
            continue
        if message.role == "user" or not blocks:
            blocks.append([])
        if message.role == "assistant":
            calls = tuple(call for call in message.tool_calls if call.id in answered)
            whole = len(calls) == len(message.tool_calls)
            open_calls = {call.id for call in calls} if whole else set()
            message = replace(message, tool_calls=calls if whole else ())
            if not message.content and not message.tool_calls:
                continue
        elif message.role == "tool":
            if message.tool_call_id not in open_calls:
                continue
            open_calls.discard(message.tool_call_id)
        blocks[-1].append(as_sent(message))
    kept: list[list[dict[str, Any]]] = []
    room = REMEMBERED
    for block in reversed(blocks):
        room -= sum(len(str(message)) for message in block)
        if room < 0:
            break
        kept.insert(0, block)
    return [message for block in kept for message in block]
