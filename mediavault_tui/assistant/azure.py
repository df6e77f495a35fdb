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

from mediavault_tui.assistant.calls import Calls
from mediavault_tui.assistant.trouble import pause, renamed
from mediavault_tui.domain.chat import Choice, ToolCall, tokens
from mediavault_tui.errors import AssistantDown, AssistantError

if TYPE_CHECKING:
    import openai

    from mediavault_tui.settings import Settings

CONNECT_WITHIN = 10.0
FIRST_WITHIN = 60.0
"""Seconds until the first piece of an answer."""

STALLED_AFTER = 30.0
"""Seconds without a piece after which an answer is given up."""

_ATTEMPTS = 3
_WISHES = ("stream_options", "max_tokens", "temperature")
"""What is asked of an endpoint besides the answer; one that refuses it by name is asked without."""

_LONGEST_ANSWER = 2000


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
        self._refused: set[str] = set()

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
        calls = Calls()
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
                        calls.add(piece)
                    reason = choice.finish_reason or reason
        if not reason:
            raise AssistantDown(f"{self.endpoint.host} broke off in the middle of the answer; ask again")
        if used == (0, 0):
            sent = sum(len(str(message.get("content") or "")) for message in messages)
            spoken = letters + sum(len(call.arguments) for call in calls.made())
            used = (tokens(sent), tokens(spoken))
        yield Whole(model, reason, calls.made(), *used)

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
        for attempt in range(_ATTEMPTS + len(_WISHES)):
            wishes: dict[str, Any] = {
                "temperature": 0,
                "max_tokens": _LONGEST_ANSWER,
                "stream_options": {"include_usage": True},
            }
            body = {name: wish for name, wish in wishes.items() if name not in self._refused}
            body |= {"model": model, "messages": list(messages), "stream": True}
            if tools:
                body["tools"] = list(tools)
            try:
                async with asyncio.timeout(FIRST_WITHIN):
                    return await self._connected(openai).chat.completions.create(**body)
            except openai.APIError as error:
                if (refused := self._refuses(error)) is not None:
                    self._refused.add(refused)
                    continue
                wait = pause(error, attempt)
                if wait is None or attempt >= _ATTEMPTS - 1 + len(self._refused):
                    raise renamed(
                        error, self.endpoint.host, model, azure=self.endpoint.version is not None
                    ) from None  # its text may quote what was sent
                await asyncio.sleep(wait)
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

    def _renamed(self, error: Any, model: str) -> AssistantError:
        return renamed(error, self.endpoint.host, model, azure=self.endpoint.version is not None)

    def _refuses(self, error: Any) -> str | None:
        """Return what an endpoint does not want to hear: an older one of usage, a newer one of length."""
        if getattr(error, "status_code", 0) != 400:
            return None
        return next((name for name in _WISHES if name not in self._refused and name in str(error)), None)


def _load() -> Any:
    import openai

    return openai
