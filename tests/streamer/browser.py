"""A real Chromium, without a screen, driven over its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

HOST = "mediavault.example.org"
"""The one name that it knows: this machine's, where a site of the tests is."""
_FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
    "--proxy-server=direct://",
    f"--host-resolver-rules=MAP {HOST} 127.0.0.1 , MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--remote-debugging-port=0",
)
_WAIT = 30.0
"""Seconds for anything a page is asked to do; the machine is shared."""


class Refused(AssertionError):
    """The browser did not carry out a command."""


class Page:
    """One tab: what it ran, what it said, and how it looks."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.complaints: list[str] = []
        """What the page wrote to its console as an error, exceptions and refusals of its policy included."""
        self.requests: list[str] = []
        """Every address that the page asked for."""
        self.heard = b""
        """What came over its WebSockets."""
        self._reading = asyncio.ensure_future(self._read())

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result."""
        number = next(self._numbers)
        waiting = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(_WAIT):
            answer = await waiting
        if "error" in answer:
            raise Refused(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def run(self, script: str) -> Any:
        """Evaluate an expression in the page and return its value; a promise is waited for."""
        answer = await self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in answer:
            raise AssertionError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    async def until(self, condition: str) -> Any:
        """Wait until an expression is true in the page, or in the one to which it goes meanwhile."""
        script = (
            "new Promise((resolve) => { const look = () => { let value; try { value = "
            f"({condition}); }} catch (error) {{ value = false; }} "
            "if (value) resolve(value); else setTimeout(look, 20); }; look(); })"
        )
        try:
            async with asyncio.timeout(_WAIT):
                while True:
                    with contextlib.suppress(Refused):  # it went to another page, which is asked in its turn
                        return await self.run(script)
        except TimeoutError:
            video = await self.run(_SEEN)
            raise AssertionError(f"never came true: {condition}; {video}; {self.complaints}") from None

    async def press(self, key: str) -> None:
        """Press a key and let it go."""
        text = "\r" if key == "Enter" else key if len(key) == 1 else ""
        code = {"Enter": 13, "Escape": 27}.get(key, 0)
        await self.call(
            "Input.dispatchKeyEvent", type="keyDown", key=key, text=text, windowsVirtualKeyCode=code
        )
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def go(self, address: str) -> None:
        """Open an address and wait until it is loaded."""
        await self.call("Page.navigate", url=address)
        await self.until("location.href !== 'about:blank' && document.readyState === 'complete'")

    async def picture(self, target: Path) -> None:
        """Write what is seen as PNG."""
        answer = await self.call("Page.captureScreenshot", format="png")
        await asyncio.to_thread(target.write_bytes, base64.b64decode(answer["data"]))

    async def size(self, width: int, height: int) -> None:
        """Make the window so large."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                break
            said = message.json()
            if (waiting := self._answers.pop(said.get("id"), None)) is not None:
                if not waiting.done():  # who asked may have given up
                    waiting.set_result(said)
            else:
                self._note(said.get("method", ""), said.get("params", {}))

    def _note(self, method: str, said: dict[str, Any]) -> None:
        match method:
            case "Runtime.exceptionThrown":
                details = said["exceptionDetails"]
                self.complaints.append(str(details.get("exception", details).get("description", details)))
            case "Log.entryAdded" if said["entry"]["level"] == "error":
                self.complaints.append(f"{said['entry']['text']} {said['entry'].get('url', '')}")
            case "Network.webSocketFrameReceived":
                frame = said["response"]
                binary = frame["opcode"] == 2
                self.heard += (
                    base64.b64decode(frame["payloadData"]) if binary else frame["payloadData"].encode()
                )
            case "Network.requestWillBeSent":
                self.requests.append(said["request"]["url"])


_SEEN = (
    "JSON.stringify([...document.querySelectorAll('video')].map((v) => ({t: v.currentTime,"
    " ready: v.readyState,"
    " src: v.currentSrc, error: v.error && v.error.message, paused: v.paused, seeking: v.seeking,"
    " ranges: [...Array(v.buffered.length).keys()].map((n) => [v.buffered.start(n), v.buffered.end(n)])})))"
    " + ' ' + [...document.querySelectorAll('.notice')].map((n) => n.textContent)"
)


@asynccontextmanager
async def new_page(port: int) -> AsyncIterator[Page]:
    """Open a tab of the browser on `port`, with no cookie in its jar; it is closed at the end."""
    base = f"http://127.0.0.1:{port}/json"
    async with ClientSession() as http:
        async with http.put(f"{base}/new?about:blank") as answer:
            target = await answer.json()
        async with http.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            page = Page(socket)
            for domain in ("Page", "Runtime", "Log", "Network"):
                await page.call(f"{domain}.enable")
            await page.call("Network.clearBrowserCookies")
            await page.size(1280, 900)
            yield page
        async with http.get(f"{base}/close/{target['id']}"):
            pass


@contextmanager
def chromium(folder: Path) -> Iterator[int]:
    """Start a browser with a profile of its own in `folder`, yield its port; nothing of it is left."""
    program = shutil.which("chromium")
    assert program is not None
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    child = subprocess.Popen(
        [program, *_FLAGS, *root, f"--user-data-dir={folder}", "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stderr is not None
    try:
        said = next((line for line in child.stderr if b"DevTools listening on" in line), None)
        assert said is not None, "Chromium ended before it listened"
        threading.Thread(target=child.stderr.read, daemon=True).start()
        yield int(said.split(b"127.0.0.1:", 1)[1].split(b"/", 1)[0])
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        shutil.rmtree(folder, ignore_errors=True)
