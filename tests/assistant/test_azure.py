"""The real client against a server that speaks Azure's protocol to the byte."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mediavault_tui.assistant import azure
from mediavault_tui.assistant.azure import Endpoint, Model, Text, Whole, endpoint_of
from mediavault_tui.assistant.tools import TOOLS
from mediavault_tui.domain.chat import Choice, ToolCall
from mediavault_tui.errors import AssistantBusy, AssistantDenied, AssistantDown, AssistantError
from mediavault_tui.settings import from_env
from tests.assistant.azure_server import KEY, VERSION, AzureServer, Script, azure_server

ASK = [{"role": "system", "content": "s"}, {"role": "user", "content": "How many films?"}]


@pytest.fixture
async def server() -> AsyncIterator[AzureServer]:
    async with azure_server() as server:
        yield server


def model_at(server: AzureServer, *, key: str = KEY, version: str | None = VERSION, path: str = "") -> Model:
    return Model(
        Endpoint(server.url + path, key, {Choice.LARGE: "gpt-4o", Choice.MINI: "gpt-4o-mini"}, version)
    )


async def answer(model: Model, *, deployment: str = "gpt-4o", tools: Any = TOOLS) -> tuple[str, Whole]:
    text, whole = "", None
    async for piece in model.stream(ASK, tools=tools, model=deployment):
        if isinstance(piece, Text):
            text += piece.text
        else:
            whole = piece
    assert whole is not None
    await model.close()
    return text, whole


async def test_an_answer_arrives_in_pieces_and_is_counted(server: AzureServer) -> None:
    server.will(Script("Sixty-one films, größer als je 🎬.", usage=(321, 12)))
    text, whole = await answer(model_at(server))
    assert text == "Sixty-one films, größer als je 🎬."
    assert (whole.finish_reason, whole.tokens_in, whole.tokens_out) == ("stop", 321, 12)
    assert server.requests[0]["tools"][0]["function"]["name"] == "query"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 11, 64])
async def test_bytes_may_be_cut_anywhere(server: AzureServer, size: int) -> None:
    calls = [("query", {"sql": "select 'ü🎬' from v_files"}), ("storage", {"by": "tier"})]
    server.will(Script("Ich sehe nach: 🎞", calls=calls, bytes_at_once=size, piece=1))
    text, whole = await answer(model_at(server))
    assert text == "Ich sehe nach: 🎞"
    assert whole.tool_calls == (
        ToolCall("call_0_query", "query", '{"sql": "select \'ü🎬\' from v_files"}'),
        ToolCall("call_1_storage", "storage", '{"by": "tier"}'),
    )


async def test_a_plain_endpoint_serves_as_well(server: AzureServer) -> None:
    server.will(Script("Yes."))
    text, _ = await answer(model_at(server, version=None, path="/v1"))
    assert text == "Yes."


@pytest.mark.parametrize("sent", ["indexed", "one index", "no id"])
@pytest.mark.parametrize("finish", ["tool_calls", "stop"])
async def test_a_plain_endpoint_may_send_calls_whole_and_count_nothing(
    server: AzureServer, sent: Any, finish: str
) -> None:
    """As local servers do: no pieces, one index for all, no ids, `stop` after calls, no usage chunk."""
    calls = [("query", {"sql": "select 1"}), ("query", {"sql": "select 2"}), ("library_stats", {})]
    server.will(Script("Well. ", calls=calls, whole_calls=sent, finish=finish, usage=None))
    text, whole = await answer(model_at(server, version=None, path="/v1"))
    assert text == "Well. "
    assert [(call.name, call.arguments) for call in whole.tool_calls] == [
        ("query", '{"sql": "select 1"}'),
        ("query", '{"sql": "select 2"}'),
        ("library_stats", "{}"),
    ]
    assert len({call.id for call in whole.tool_calls}) == 3
    assert whole.tokens_in > 0
    assert whole.tokens_out > 0


async def test_what_an_endpoint_refuses_by_name_is_left_out(server: AzureServer) -> None:
    refusals = [
        Script(status=400, error={"message": f"Unsupported parameter: '{name}'"})
        for name in ("max_tokens", "temperature", "stream_options")
    ]
    server.will(*refusals, Script(status=500), Script("Yes.", usage=None), Script("Again.", usage=None))
    model = model_at(server, version=None, path="/v1")
    assert (await answer(model))[0] == "Yes."
    assert {"max_tokens", "temperature", "stream_options"} & set(server.requests[-1]) == set()
    assert (await answer(model))[0] == "Again."
    assert len(server.requests) == 6


async def test_an_endpoint_that_does_not_count_is_estimated(server: AzureServer) -> None:
    refusal = {"code": None, "message": "Unrecognized request argument supplied: stream_options"}
    server.will(Script(status=400, error=refusal), Script("Four letters each", usage=None))
    text, whole = await answer(model_at(server))
    assert text == "Four letters each"
    assert whole.tokens_in > 0
    assert whole.tokens_out >= 4
    assert "stream_options" in server.requests[0]
    assert "stream_options" not in server.requests[1]


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        (Script(status=429, headers={"Retry-After": "60"}), AssistantBusy, "again in 60 seconds"),
        (
            Script(status=400, error={"code": "content_filter", "message": KEY}),
            AssistantDenied,
            "content filter",
        ),
        (Script(status=400, error={"code": "context_length_exceeded"}), AssistantDenied, "too long"),
        (Script(status=400, error={"message": f"odd {KEY}"}), AssistantDenied, "HTTP 400"),
    ],
    ids=["429", "content filter", "too long", "400"],
)
async def test_a_refusal_is_one_sentence(
    server: AzureServer, script: Script, kind: type[AssistantError], words: str
) -> None:
    server.will(script)
    with pytest.raises(kind, match=words) as caught:
        await answer(model_at(server))
    assert KEY not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert len(server.requests) == 1


async def test_a_wrong_key_is_never_repeated(server: AzureServer) -> None:
    model = model_at(server, key="wrong-key-123456")
    with pytest.raises(AssistantDenied, match="correct AZURE_OPENAI_KEY") as caught:
        await answer(model)
    assert "wrong-key" not in repr(caught.value) + repr(model.endpoint) + model.redacted(
        "a wrong-key-123456 b"
    )


async def test_an_unknown_deployment_names_the_setting(server: AzureServer) -> None:
    with pytest.raises(AssistantDenied, match="'gpt-9'; correct AZURE_DEPLOYMENT_NAME_CHAT"):
        await answer(model_at(server), deployment="gpt-9")


async def test_a_short_wait_is_waited_out(server: AzureServer) -> None:
    server.will(Script(status=429, headers={"retry-after-ms": "20"}), Script("Now."))
    assert (await answer(model_at(server)))[0] == "Now."


async def test_a_failing_server_is_tried_again_and_then_told(server: AzureServer) -> None:
    server.will(Script(status=500), Script("Better."))
    assert (await answer(model_at(server)))[0] == "Better."
    server.will(Script(status=500), Script(status=503), Script(status=500))
    with pytest.raises(AssistantDown, match="failed"):
        await answer(model_at(server))


@pytest.mark.parametrize("after", [1, 3, 5])
async def test_a_cut_connection_is_told(server: AzureServer, after: int) -> None:
    server.will(Script("a longer answer that will not be heard", cut_after=after))
    with pytest.raises(AssistantDown, match="broke off"):
        await answer(model_at(server))


async def test_a_stalled_answer_is_given_up(server: AzureServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(azure, "STALLED_AFTER", 0.2)
    server.will(Script("a longer answer", stall_after=3))
    with pytest.raises(AssistantDown, match="stopped in the middle"):
        await answer(model_at(server))
    await asyncio.wait_for(server.hung_up.wait(), 5)


async def test_nobody_there_is_told_without_delay() -> None:
    async with azure_server() as gone:
        model = model_at(gone)
    with pytest.raises(AssistantDown, match="cannot be reached"):
        await answer(model)


async def test_stopping_hangs_up(server: AzureServer) -> None:
    server.will(Script("a long answer", stall_after=4))
    model = model_at(server)
    pieces = model.stream(ASK, tools=TOOLS, model="gpt-4o")
    assert isinstance(await anext(pieces), Text)
    await pieces.aclose()
    await asyncio.wait_for(server.hung_up.wait(), 5)
    await model.close()


async def test_the_first_piece_is_there_at_once(server: AzureServer) -> None:
    gate = asyncio.Event()
    server.will(Script("One two three", gate=gate))
    model = model_at(server)
    await asyncio.to_thread(azure._load)
    pieces = model.stream(ASK, tools=TOOLS, model="gpt-4o")
    started = time.monotonic()
    assert await anext(pieces) == Text("One two")
    assert time.monotonic() - started < 2
    gate.set()
    assert [piece async for piece in pieces][-1].finish_reason == "stop"  # type: ignore[union-attr]  # the last is whole
    await model.close()


def test_the_settings_say_where_the_model_is() -> None:
    assert endpoint_of(from_env({})) is None
    assert endpoint_of(from_env({"AZURE_OPENAI_KEY": KEY})) is None
    azure_ = endpoint_of(from_env({"AZURE_OPENAI_KEY": KEY, "AZURE_OPENAI_ENDPOINT": "https://x.example/"}))
    assert azure_ is not None
    assert (azure_.host, azure_.version) == ("x.example", VERSION)
    assert azure_.models == {Choice.LARGE: "gpt-4o", Choice.MINI: "gpt-4o-mini"}
    local = endpoint_of(from_env({"OPENAI_BASE_URL": "http://127.0.0.1:11434/v1", "OPENAI_MODEL": "llama"}))
    assert local is not None
    assert local.models == {Choice.LARGE: "llama", Choice.MINI: "llama"}
    assert local.version is None
    assert KEY not in repr(azure_)
