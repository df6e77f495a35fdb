"""The one place that speaks HTTP to the world: time-outs, retries, and errors that are ours.

A question is repeated when the service is away (no connection, cut or slow answers, 5xx) with
growing, jittered pauses until `patience` runs out; `429` waits for what `Retry-After` says and
holds every process. Every attempt passes the gate. Keys travel in headers where the service
lets them, never in messages: errors name the path, not the address asked.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from mediavault_tui.errors import ServiceDown, ServiceRefused
from mediavault_tui.metadata.connections import SHARE, Connections
from mediavault_tui.metadata.gate import Allowance, Gate

if TYPE_CHECKING:
    import httpx

# httpx logs every address at INFO, and OMDb's key is part of it.
logging.getLogger("httpx").setLevel(logging.WARNING)

MAX_BODY = 16 * 1024 * 1024
"""Bytes; no answer of these services is a hundredth of it."""
LONGEST_PAUSE = 15.0
"""Seconds between two attempts at most, unless the service asks for more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: 200 with a body, 304 without, 404 for "there is no such thing"."""

    status: int
    body: Any = None
    etag: str = ""


class Edge:
    """Asks one service; use it as a context manager. `name` is what messages call it."""

    def __init__(
        self,
        name: str,
        base_url: str,
        gate: Gate,
        allowance: Allowance,
        *,
        headers: Mapping[str, str] | None = None,
        secret_params: Mapping[str, str] | None = None,
        patience: float = 300.0,
        first_pause: float = 0.5,
        timeout: float = 10.0,
        verify: Any = True,
        share: int = SHARE,
    ) -> None:
        self._name = name
        self._gate = gate
        self._allowance = allowance
        self._secret_params = dict(secret_params or {})
        self._patience = patience
        self._first_pause = first_pause
        import httpx  # at the first question: it brings its own command line along, and that rich

        self._http = httpx

        def make() -> httpx.AsyncClient:
            return httpx.AsyncClient(
                base_url=base_url.rstrip("/") + "/",
                http2=True,
                headers={"Accept": "application/json", **(headers or {})},
                timeout=httpx.Timeout(timeout, pool=None),
                follow_redirects=False,
                verify=verify,
            )

        self._connections = Connections(make, share=share)

    async def __aenter__(self) -> Edge:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connections."""
        await self._connections.close()

    async def get(self, path: str, params: Mapping[str, str], *, etag: str = "") -> Answer:
        """Ask until there is an answer. Raises: ServiceDown, ServiceRefused, BudgetSpent."""
        what = path + ("?" + "&".join(f"{k}={v}" for k, v in params.items()) if params else "")
        given_up = time.monotonic() + self._patience
        pause = self._first_pause
        while True:
            trouble, asked_pause = "", 0.0
            turn = await self._gate.admit(self._allowance, what[:500])
            status = 0
            try:
                async with asyncio.timeout(self._allowance.deadline):
                    status, headers, content = await self._once(path, params, etag)
                if status in (200, 304, 404):
                    return self._answer(status, headers, content)
                if status == 429:
                    trouble = "it says that we ask too much"
                    asked_pause = retry_after(headers.get("retry-after", ""))
                    await self._gate.pause(self._allowance, asked_pause)
                elif status >= 500:
                    trouble = f"it answers {status}"
                    asked_pause = (
                        retry_after(headers.get("retry-after", "")) if "retry-after" in headers else 0
                    )
                else:
                    raise self._refused(status, content, path)
            except TimeoutError:
                trouble = "it does not answer in time"
            except (
                self._http.HTTPError,
                self._http.InvalidURL,
                json.JSONDecodeError,
                UnicodeDecodeError,
            ) as error:
                trouble = f"it cannot be reached or its answer is broken ({type(error).__name__})"
            finally:
                await asyncio.shield(self._gate.leave(turn, status))
            wait = max(asked_pause, pause * random.uniform(0.5, 1.0))  # noqa: S311 -- spreads, hides nothing
            if time.monotonic() + wait > given_up:
                raise ServiceDown(f"{self._name} is away: {trouble}; try again later, nothing is lost")
            await asyncio.sleep(wait)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _once(
        self, path: str, params: Mapping[str, str], etag: str
    ) -> tuple[int, httpx.Headers, bytes]:
        headers = {"If-None-Match": etag} if etag else {}
        async with self._connections.lend() as client:
            request = client.build_request(
                "GET", path, params={**params, **self._secret_params}, headers=headers
            )
            response = await client.send(request, stream=True)
            try:
                content = bytearray()
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > MAX_BODY:
                        raise ServiceRefused(f"{self._name} sends more than {MAX_BODY} bytes for {path}")
                return response.status_code, response.headers, bytes(content)
            finally:
                await response.aclose()

    def _answer(self, status: int, headers: httpx.Headers, content: bytes) -> Answer:
        body = json.loads(content) if status == 200 else None
        return Answer(status, body, headers.get("etag", ""))

    def _refused(self, status: int, content: bytes, path: str) -> ServiceRefused:
        code, message = _said(content)
        if "limit" in message.lower():
            return ServiceRefused(f"{self._name} says: {message}")
        if status == 401 or code in (3, 7, 10, 14, 35):
            return ServiceRefused(f"{self._name} does not accept the key; correct it in .env")
        if 300 <= status < 400:
            return ServiceRefused(f"{self._name} sends us elsewhere ({status}); correct its address in .env")
        return ServiceRefused(f"{self._name} refuses {path}: {message or status}")


def retry_after(value: str, *, default: float = 10.0) -> float:
    """Read Retry-After, seconds or a date; at least half a second, ten minutes at most. RFC 9110, 10.2.3."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, TypeError):
            seconds = default
    return min(max(seconds, 0.5), 600.0)


def _said(content: bytes) -> tuple[int, str]:
    """Return TMDb's status_code and message, or OMDb's Error, as one line."""
    try:
        body = json.loads(content)
    except ValueError:
        return 0, ""
    if not isinstance(body, dict):
        return 0, ""
    code = body.get("status_code")
    text = body.get("status_message") or body.get("Error") or ""
    return (code if isinstance(code, int) else 0), " ".join(str(text).split())[:200]
