"""The language model over HTTP: Azure OpenAI, or any endpoint that speaks the same protocol.

`openai` takes a second to import, so it is loaded at the first question. Its errors become ours here,
each a sentence without the key and without the server's own words, which may quote what was sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mediavault_tui.domain.chat import Choice, ToolCall
from mediavault_tui.errors import AssistantBusy, AssistantDenied, AssistantDown, AssistantError

if TYPE_CHECKING:
    import openai

    from mediavault_tui.settings import Settings

CONNECT_WITHIN = 10.0
FIRST_WITHIN = 60.0
"""Seconds until the first piece of an answer."""

STALLED_AFTER = 30.0
"""Seconds without a piece after which an answer is given up."""

WAIT_AT_MOST = 8.0
"""Seconds of a Retry-After that are waited out in silence; a longer one is told to the person."""

_ATTEMPTS = 3
_LONGEST_ANSWER = 2000
_CHARACTERS_PER_TOKEN = 4
"""For an endpoint that does not count tokens: a little too many rather than too few."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the model is. `version` None: a plain OpenAI-compatible endpoint."""

    url: str
    key: str = field(repr=False)
    models: Mapping[Choice, str]
    version: str | None = None

    @property
    def host(self) -> str:
        """The host that questions go to."""
        return urlsplit(self.url).hostname or self.url


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Whole:
    """The end of one request: the tools that are called, why it ended, what it used."""

    model: str
    finish_reason: str
    tool_calls: tuple[ToolCall, ...]
    tokens_in: int
    tokens_out: int


def endpoint_of(settings: Settings) -> Endpoint | None:
    """Return where the settings say the model is; None if they do not."""
    if settings.openai_url:
        large = settings.openai_model
        mini = settings.openai_model_mini or large
        key = settings.openai_key.reveal() if settings.openai_key else ""
        return Endpoint(settings.openai_url, key, {Choice.LARGE: large, Choice.MINI: mini})
    if settings.azure_key is None or not settings.azure_endpoint:
        return None
    return Endpoint(
        settings.azure_endpoint,
        settings.azure_key.reveal(),
        {Choice.LARGE: settings.azure_chat, Choice.MINI: settings.azure_chat_mini},
        version=settings.azure_version,
    )


class Model:
    """The client; one request is one stream of pieces that ends with a `Whole`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._client: openai.AsyncOpenAI | None = None
        self._counts = True

    def redacted(self, text: str) -> str:
        """Return text without the key, should anybody have pasted or echoed it."""
        key = self.endpoint.key
        return text.replace(key, "***") if len(key) >= 8 else text

    async def stream(
        self, messages: Sequence[Mapping[str, Any]], *, tools: Sequence[Mapping[str, Any]], model: str
    ) -> AsyncGenerator[Text | Whole, None]:
        """Send a conversation and yield the answer as it arrives. Without `tools` the model answers in words.

        Raises: AssistantDenied, AssistantBusy, AssistantDown. Closing the iterator hangs up.
        """
        response = await self._begin(messages, tools, model)
        calls: dict[int, list[str]] = {}
        reason, used, letters = "", (0, 0), 0
        chunks = aiter(response)
        async with response:
            limit = FIRST_WITHIN
            while (chunk := await self._next(chunks, limit)) is not None:
                limit = STALLED_AFTER
                if chunk.usage is not None:
                    used = (chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
                for choice in chunk.choices[:1]:  # Azure's first chunk has none
                    delta = choice.delta
                    if delta is not None and delta.content:
                        letters += len(delta.content)
                        yield Text(delta.content)
                    for piece in (delta.tool_calls if delta is not None else None) or ():
                        call = calls.setdefault(piece.index, ["", "", ""])
                        call[0] = piece.id or call[0]
                        if piece.function is not None:
                            call[1] += piece.function.name or ""
                            call[2] += piece.function.arguments or ""
                    reason = choice.finish_reason or reason
        if not reason:
            raise AssistantDown(f"{self.endpoint.host} broke off in the middle of the answer; ask again")
        if used == (0, 0):
            sent = sum(len(str(message.get("content") or "")) for message in messages)
            spoken = letters + sum(len(call[2]) for call in calls.values())
            used = (sent // _CHARACTERS_PER_TOKEN + 1, spoken // _CHARACTERS_PER_TOKEN + 1)
        made = tuple(ToolCall(c[0] or f"call_{n}", c[1], c[2]) for n, c in sorted(calls.items()))
        yield Whole(model, reason, made, *used)

    async def prepare(self) -> None:
        """Load the library that speaks HTTP, without blocking anybody."""
        await asyncio.to_thread(_load)

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _begin(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]], model: str
    ) -> Any:
        openai = await asyncio.to_thread(_load)
        for attempt in range(_ATTEMPTS):
            body: dict[str, Any] = {
                "model": model,
                "messages": list(messages),
                "temperature": 0,
                "max_tokens": _LONGEST_ANSWER,
                "stream": True,
            }
            if tools:
                body["tools"] = list(tools)
            if self._counts:
                body["stream_options"] = {"include_usage": True}
            try:
                async with asyncio.timeout(FIRST_WITHIN):
                    return await self._connected(openai).chat.completions.create(**body)
            except openai.APIError as error:
                if self._cannot_count(error):
                    self._counts = False
                    continue
                pause = _pause(error, attempt)
                if pause is None or attempt == _ATTEMPTS - 1:
                    raise self._renamed(error, model) from None  # its text may quote what was sent
                await asyncio.sleep(pause)
            except TimeoutError:
                raise AssistantDown(
                    f"{self.endpoint.host} did not answer within {FIRST_WITHIN:g} seconds"
                ) from None
        raise AssistantDown(f"{self.endpoint.host} does not accept what is asked")

    async def _next(self, chunks: AsyncIterator[Any], limit: float) -> Any:
        openai = _load()
        import httpx2  # what openai speaks HTTP with; its errors come through while a stream is read

        try:
            async with asyncio.timeout(limit):
                return await anext(chunks, None)
        except TimeoutError:
            raise AssistantDown(
                f"{self.endpoint.host} stopped in the middle of the answer; ask again"
            ) from None
        except openai.APIError as error:
            raise self._renamed(error, "") from None
        except (httpx2.HTTPError, httpx2.StreamError, ValueError):
            raise AssistantDown(
                f"{self.endpoint.host} broke off in the middle of the answer; ask again"
            ) from None

    def _connected(self, openai: Any) -> openai.AsyncOpenAI:
        if self._client is None:
            end = self.endpoint
            common = {"max_retries": 0, "timeout": openai.Timeout(FIRST_WITHIN, connect=CONNECT_WITHIN)}
            if end.version is None:
                self._client = openai.AsyncOpenAI(base_url=end.url, api_key=end.key or "none", **common)
            else:
                self._client = openai.AsyncAzureOpenAI(
                    azure_endpoint=end.url, api_key=end.key, api_version=end.version, **common
                )
        return self._client

    def _cannot_count(self, error: Any) -> bool:
        """Return whether an older endpoint refuses to be asked for the usage."""
        return self._counts and getattr(error, "status_code", 0) == 400 and "stream_options" in str(error)

    def _renamed(self, error: Any, model: str) -> AssistantError:
        host = self.endpoint.host
        azure = self.endpoint.version is not None
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


def _load() -> Any:
    import openai

    return openai


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


def _pause(error: Any, attempt: int) -> float | None:
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
