"""The calls of an answer, put together from what arrives of them."""

from __future__ import annotations

from typing import Any

from mediavault_tui.domain.chat import ToolCall


class Calls:
    """Tool calls, put together from their pieces.

    Azure sends a call in pieces that carry its index. Others send it whole, give several calls one index or
    none, or give no id: a piece that names another call begins a new one.
    """

    def __init__(self) -> None:
        self._parts: list[list[str]] = []
        self._at: dict[int | None, list[str]] = {}

    def add(self, piece: Any) -> None:
        """Take the next piece as the client's library gives it."""
        name = (piece.function.name if piece.function is not None else None) or ""
        arguments = (piece.function.arguments if piece.function is not None else None) or ""
        part = self._at.get(piece.index)
        another = part is not None and (
            (piece.id and part[0] and piece.id != part[0]) or (name and part[1] and not piece.id and part[2])
        )
        if part is None or another:
            part = self._at[piece.index] = ["", "", ""]
            self._parts.append(part)
        part[0] = piece.id or part[0]
        part[1] += name
        part[2] += arguments

    def made(self) -> tuple[ToolCall, ...]:
        """Return the calls in the order in which they began."""
        return tuple(
            ToolCall(id or f"call_{n}", name, text) for n, (id, name, text) in enumerate(self._parts)
        )
