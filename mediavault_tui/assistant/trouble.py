"""What goes wrong at the endpoint, in one sentence each: without the key, without the server's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mediavault_tui.errors import AssistantBusy, AssistantDenied, AssistantDown, AssistantError

WAIT_AT_MOST = 8.0
"""Seconds of a Retry-After that are waited out in silence; a longer one is told to the person."""


def renamed(error: Any, host: str, model: str, *, azure: bool) -> AssistantError:
    """Return the error of a request as one of ours. `model`: the one that was asked."""
    status, code = getattr(error, "status_code", None), str(getattr(error, "code", "") or "")
    if code == "content_filter":
        return AssistantDenied(f"The content filter of {host} refuses this question; ask in other words")
    if code == "context_length_exceeded":
        return AssistantDenied("This conversation has become too long for the model; begin a new one")
    if status in (401, 403):
        return AssistantDenied(
            f"{host} refuses the key; correct {'AZURE_OPENAI_KEY' if azure else 'OPENAI_API_KEY'}"
        )
    if status == 404:
        what = "deployment" if azure else "model"
        variable = "AZURE_DEPLOYMENT_NAME_CHAT" if azure else "OPENAI_MODEL"
        return AssistantDenied(f"{host} knows no {what} called {model!r}; correct {variable} (or …_MINI)")
    if status == 429:
        wait = _retry_after(error)
        when = f" in {wait:.0f} seconds" if wait else " in a while"
        return AssistantBusy(f"{host} is asked too much at the moment; ask again{when}")
    if status is not None and status < 500:
        return AssistantDenied(
            f"{host} does not understand the request (HTTP {status}); look at the chat's settings"
        )
    if status is not None:
        return AssistantDown(f"{host} failed (HTTP {status}); ask again")
    return AssistantDown(
        f"{host} cannot be reached or broke off; look at the network and the chat's settings"
    )


def _retry_after(error: Any) -> float | None:
    """Return the seconds that a server asks to wait."""
    headers: Mapping[str, str] = (
        error.response.headers if getattr(error, "response", None) is not None else {}
    )
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return float(headers[name]) / unit
        except (KeyError, ValueError):
            continue
    return None


def pause(error: Any, attempt: int) -> float | None:
    """Return the seconds after which the same may be tried again; None where that is no use."""
    status = getattr(error, "status_code", None)
    if status == 429:
        wait = _retry_after(error)
        if wait is None:
            return 1.0 + attempt
        return wait if wait <= WAIT_AT_MOST else None
    if status is None or status >= 500:
        return 0.2 * (attempt + 1)
    return None
