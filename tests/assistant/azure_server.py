"""A server that speaks Azure OpenAI's chat completions exactly, scripted to the byte.

`POST /openai/deployments/<deployment>/chat/completions?api-version=…` with the header `api-key`; also the
plain `POST /v1/chat/completions` with a bearer. Answers are server-sent events in Azure's order: a first
chunk without choices (prompt filter results), deltas, the finish reason, the usage, `[DONE]`. The bytes may
be cut into pieces of any length, stalled, or broken off.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

KEY = "azure-key-of-the-tests-0123456789"
VERSION = "2024-08-01-preview"
DEPLOYMENTS = ("gpt-4o", "gpt-4o-mini")


@dataclass
class Script:
    """What one request is answered with."""

    text: str = ""
    calls: Sequence[tuple[str, Mapping[str, Any] | str]] = ()
    """Tools to call, with their arguments (a str is sent as it is)."""
    finish: str = ""
    """Finish reason; empty: `tool_calls` with calls, else `stop`."""
    usage: tuple[int, int] | None = (1200, 40)
    piece: int = 7
    """Characters of each delta."""
    bytes_at_once: int = 0
    """Bytes of each write, whatever they cut in two; 0: a whole event."""
    stall_after: int | None = None
    """Events after which nothing more comes until the client hangs up."""
    cut_after: int | None = None
    """Events after which the connection is broken."""
    status: int = 200
    error: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    gate: asyncio.Event | None = None
    """Waited for before the last event."""
    whole_calls: Literal["", "indexed", "one index", "no id"] = ""
    """How a plainer server sends its calls: each in one piece; all with one index; without ids."""
    turns: asyncio.Queue[None] | None = None
    """One is taken before each event after the first: the test says when it goes out."""


class AzureServer:
    """Answers each request with the next script; keeps what it was asked."""

    def __init__(self) -> None:
        self.scripts: list[Script] = []
        self.requests: list[dict[str, Any]] = []
        self.hung_up = asyncio.Event()
        self.url = ""

    def will(self, *scripts: Script) -> None:
        """Add what the next requests are answered with."""
        self.scripts += scripts

    async def azure(self, request: web.Request) -> web.StreamResponse:
        """Check all that Azure checks, then answer by script."""
        body = await self._body(request)
        if request.query.get("api-version") != VERSION:
            return _error(404, "404", "Resource not found")
        if request.headers.get("api-key") != KEY:
            return _error(
                401, "401", f"Access denied due to invalid subscription key {request.headers.get('api-key')}"
            )
        if request.match_info["deployment"] not in DEPLOYMENTS:
            return _error(404, "DeploymentNotFound", "The API deployment for this resource does not exist.")
        return await self._answer(request, body)

    async def plain(self, request: web.Request) -> web.StreamResponse:
        """Answer as any compatible endpoint does."""
        body = await self._body(request)
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return _error(
                401, "invalid_api_key", f"Incorrect API key provided: {request.headers.get('Authorization')}"
            )
        return await self._answer(request, body)

    async def _body(self, request: web.Request) -> dict[str, Any]:
        body: dict[str, Any] = await request.json()
        assert body["stream"] is True
        _check_messages(body["messages"])
        self.requests.append(body)
        return body

    async def _answer(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        script = self.scripts.pop(0)
        if script.status != 200:
            return web.json_response(
                {"error": script.error}, status=script.status, headers=dict(script.headers)
            )
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        events = list(_events(script, body))
        try:
            for place, event in enumerate(events):
                if script.turns is not None and place:
                    await script.turns.get()
                if script.gate is not None and place == len(events) - 1:
                    await script.gate.wait()
                if place == script.cut_after:
                    assert request.transport is not None
                    request.transport.abort()
                    return response
                if place == script.stall_after:
                    await asyncio.sleep(3600)
                size = script.bytes_at_once or len(event)
                for start in range(0, len(event), size):
                    await response.write(event[start : start + size])
            await response.write_eof()
        except (ConnectionResetError, asyncio.CancelledError):
            self.hung_up.set()
            raise
        return response


def _events(script: Script, body: Mapping[str, Any]) -> list[bytes]:
    chunks: list[dict[str, Any]] = [
        {
            "choices": [],
            "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}],
            "object": "",
        },
        _delta({"role": "assistant", "content": "" if script.text else None}),
    ]
    for start in range(0, len(script.text), script.piece):
        chunks.append(_delta({"content": script.text[start : start + script.piece]}))
    for index, (name, arguments) in enumerate(script.calls):
        text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        head = {"index": index, "id": f"call_{index}_{name}", "type": "function"}
        if script.whole_calls:
            if script.whole_calls == "one index":
                head["index"] = 0
            if script.whole_calls == "no id":
                del head["id"]
            chunks.append(_delta({"tool_calls": [{**head, "function": {"name": name, "arguments": text}}]}))
            continue
        chunks.append(_delta({"tool_calls": [{**head, "function": {"name": name, "arguments": ""}}]}))
        for start in range(0, len(text), script.piece):
            piece = {"arguments": text[start : start + script.piece]}
            chunks.append(_delta({"tool_calls": [{"index": index, "function": piece}]}))
    finish = script.finish or ("tool_calls" if script.calls else "stop")
    chunks.append({**_delta({}), "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if script.usage is not None and body.get("stream_options", {}).get("include_usage"):
        prompt, completion = script.usage
        usage = {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }
        chunks.append({**_delta({}), "choices": [], "usage": usage})
    events = [b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n" for chunk in chunks]
    return [*events, b"data: [DONE]\n\n"]


def _delta(delta: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1760000000,
        "model": "gpt-4o-2024-08-06",
        "system_fingerprint": "fp_1",
        "choices": [{"index": 0, "delta": delta, "finish_reason": None, "content_filter_results": {}}],
    }


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)


def _check_messages(messages: Sequence[Mapping[str, Any]]) -> None:
    """Refuse what Azure answers with 400: calls without results, results without calls."""
    waiting: set[str] = set()
    for message in messages:
        assert message["role"] in ("system", "user", "assistant", "tool"), message
        if message["role"] == "tool":
            waiting.remove(message["tool_call_id"])
        else:
            assert not waiting, f"tool calls without results: {waiting}"
        if calls := message.get("tool_calls"):
            assert message["role"] == "assistant"
            waiting = {call["id"] for call in calls}
    assert not waiting


@asynccontextmanager
async def azure_server() -> AsyncIterator[AzureServer]:
    """Yield a server on a free port of the loopback."""
    server = AzureServer()
    app = web.Application()
    app.router.add_post("/openai/deployments/{deployment}/chat/completions", server.azure)
    app.router.add_post("/v1/chat/completions", server.plain)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    server.url = f"http://127.0.0.1:{port}"
    try:
        yield server
    finally:
        await runner.cleanup()
