"""Who may look: accounts, sessions, links to one file; and everything that must not open a door."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest

from mediavault_tui.domain.accounts import SESSION_COOKIE
from mediavault_tui.domain.model import FileId, MediaFile
from mediavault_tui.errors import Denied, Refused, UsageError
from mediavault_tui.services.accounts import Accounts
from mediavault_tui.services.keys import derived
from mediavault_tui.services.limits import Limiter
from mediavault_tui.services.preview import PreviewLinks
from mediavault_tui.settings import Settings
from mediavault_tui.store.database import Connection
from tests.db.shelf import Shelf
from tests.streamer.conftest import NAME, PASSWORD, SECRET, Serve, Sidecar, until

CREDENTIALS = {"name": NAME, "password": PASSWORD}
PROXIED = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}


@pytest.fixture
async def film(shelf: Shelf) -> MediaFile:
    return await shelf.add("Heat.mkv", b"sixteen bytes...")


@pytest.fixture
async def other(shelf: Shelf) -> MediaFile:
    return await shelf.add("Ronin.mkv", b"other bytes")


@pytest.fixture
async def token(sidecar: Sidecar, accounts: Accounts) -> str:
    """A session of the first account."""
    await accounts.register(NAME, PASSWORD)
    return (await accounts.login(NAME, PASSWORD)).token


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def address(film: MediaFile) -> str:
    return f"/api/media/stream/{film.id}"


async def test_without_accounts_this_machine_is_served_and_told_so(sidecar: Sidecar, film: MediaFile) -> None:
    answer = await sidecar.http.get("/api/auth/me")
    assert await answer.json() == {"who": "this machine", "user": None}
    assert (await sidecar.http.get(address(film))).status == 200


async def test_without_accounts_nobody_else_is(sidecar: Sidecar, film: MediaFile) -> None:
    for headers in (
        PROXIED, {"Forwarded": "for=192.0.2.7"}, {"Host": "evil.example"}, {"Host": "evil.example:8007"},
    ):  # fmt: skip
        answer = await sidecar.http.get(address(film), headers=headers)
        assert answer.status == 401
        assert "mediavault users add" in (await answer.json())["error"]


async def test_the_first_user_is_a_superuser_and_the_last_to_register(sidecar: Sidecar) -> None:
    first = await sidecar.http.post("/api/auth/register", json=CREDENTIALS)
    assert first.status == 201
    assert (await first.json())["superuser"] is True
    second = await sidecar.http.post("/api/auth/register", json={"name": "ash", "password": PASSWORD})
    assert second.status == 403
    assert (await sidecar.http.get("/api/auth/me")).status == 401, "with an account nobody walks in"


async def test_two_cannot_both_be_the_first(accounts: Accounts) -> None:
    results = await asyncio.gather(
        *(accounts.register(f"user{n}", PASSWORD) for n in range(5)), return_exceptions=True
    )
    assert sum(isinstance(result, Refused) for result in results) == 4
    assert len(await accounts.users()) == 1


async def test_log_in_look_log_out(sidecar: Sidecar, token: str, film: MediaFile) -> None:
    answer = await sidecar.http.post("/api/auth/login", json=CREDENTIALS, headers={"User-Agent": "mpv"})
    assert answer.status == 200
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{SESSION_COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    assert (await sidecar.http.get(address(film))).status == 200  # by the cookie
    found = await (await sidecar.http.get("/api/auth/sessions")).json()
    assert [(s["client"], s["this"]) for s in found["sessions"]] == [("mpv", True), ("", False)]
    assert (await sidecar.http.post("/api/auth/logout")).status == 204
    assert (await sidecar.http.get("/api/auth/me")).status == 401
    # The token itself is worth nothing any more, and the other session lives on.
    gone = (await answer.json())["token"]
    assert (await sidecar.http.get("/api/auth/me", headers=bearer(gone))).status == 401
    assert (await sidecar.http.get("/api/auth/me", headers=bearer(token))).status == 200


async def test_behind_tls_the_cookie_never_travels_in_the_clear(sidecar: Sidecar, token: str) -> None:
    answer = await sidecar.http.post("/api/auth/login", json=CREDENTIALS, headers=PROXIED)
    assert "Secure" in answer.headers["Set-Cookie"]


async def test_a_session_can_be_ended_from_another(sidecar: Sidecar, token: str, accounts: Accounts) -> None:
    stolen = await accounts.login(NAME, PASSWORD, client="a thief")
    assert (await sidecar.http.get("/api/auth/me", headers=bearer(stolen.token))).status == 200
    ended = await sidecar.http.delete(f"/api/auth/sessions/{stolen.session.id}", headers=bearer(token))
    assert ended.status == 204
    assert (await sidecar.http.get("/api/auth/me", headers=bearer(stolen.token))).status == 401
    again = await sidecar.http.delete(f"/api/auth/sessions/{stolen.session.id}", headers=bearer(token))
    assert again.status == 404


async def test_nobody_ends_the_session_of_another_user(
    sidecar: Sidecar, token: str, accounts: Accounts
) -> None:
    await accounts.add("ash", PASSWORD)
    ash = await accounts.login("ash", PASSWORD)
    mine = accounts.read(token)
    answer = await sidecar.http.delete(f"/api/auth/sessions/{mine}", headers=bearer(ash.token))
    assert answer.status == 404
    assert (await sidecar.http.get("/api/auth/me", headers=bearer(token))).status == 200


async def test_what_another_process_revokes_is_known_here_at_once(
    sidecar: Sidecar, token: str, accounts: Accounts
) -> None:
    async with asyncio.timeout(30):
        while not sidecar.state.sessions._kept:  # the news of the login itself makes it forget too, once
            assert (await sidecar.http.get("/api/auth/me", headers=bearer(token))).status == 200
    (user,) = await accounts.users()
    await accounts.end_all(user)  # over the database, as `mediavault users` does
    await until(lambda: not sidecar.state.sessions._kept)
    assert (await sidecar.http.get("/api/auth/me", headers=bearer(token))).status == 401


async def test_a_new_password_ends_every_session(sidecar: Sidecar, token: str, accounts: Accounts) -> None:
    await accounts.set_password(NAME, "another long password")
    with pytest.raises(Denied):
        await accounts.who(token)
    with pytest.raises(Denied):
        await accounts.login(NAME, PASSWORD)
    assert (await accounts.login(NAME.upper(), "another long password")).user.name == NAME


def forged(**changes: Any) -> list[str]:
    """Tokens that look like a session's."""
    now = datetime.now(UTC)
    claims: dict[str, Any] = {
        "sub": "1", "jti": str(uuid4()), "aud": "mediavault", "iat": now, "exp": now + timedelta(hours=1),
    }  # fmt: skip
    claims |= changes
    return [
        jwt.encode(claims, b"x" * 32, algorithm="HS256"),
        jwt.encode(claims, derived(SECRET, "link"), algorithm="HS256"),
        jwt.encode(claims, derived(SECRET, "session"), algorithm="HS512"),
        jwt.encode(claims, None, algorithm="none"),
        jwt.encode(claims, derived(SECRET, "session"), algorithm="HS256"),  # no such session
    ]


async def test_no_forged_token_is_a_session(sidecar: Sidecar, token: str, film: MediaFile) -> None:
    head, body, mac = token.split(".")
    other_head = (
        base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).decode().rstrip("=")
    )
    session = str(Accounts.read(sidecar.state.accounts, token))
    tokens = [
        *forged(),
        *forged(jti=session)[:4],  # a session that there is, but not our signature
        *forged(jti="' or 1=1 --"),
        *forged(jti=None)[:1],
        f"{other_head}.{body}.",
        f"{other_head}.{body}.{mac}",
        f"{head}.{body}.",
        f"{head}.{body}.{mac[:-4]}AAAA",
        "", "x", "a.b.c", "." * 1000, "é",
    ]  # fmt: skip
    for one in tokens:
        answer = await sidecar.http.get(address(film), headers={"Authorization": f"Bearer {one}"})
        assert answer.status == 401, one
    expired = jwt.encode(
        {"sub": "1", "jti": session, "aud": "mediavault", "iat": 1, "exp": 2},
        derived(SECRET, "session"),
        algorithm="HS256",
    )
    assert (await sidecar.http.get(address(film), headers=bearer(expired))).status == 401


async def test_a_link_opens_its_file_and_nothing_else(
    sidecar: Sidecar, token: str, links: PreviewLinks, film: MediaFile, other: MediaFile
) -> None:
    made = await links.make(film.id, who=NAME)
    assert made.stream_url.endswith(f"{address(film)}?t={made.token}")
    answer = await sidecar.http.get(f"{address(film)}?t={made.token}")
    assert (answer.status, await answer.read()) == (200, b"sixteen bytes...")
    sidecar.http.cookie_jar.clear()
    for path in (address(other), "/api/auth/me", "/api/auth/sessions", "/api/links", "/ws/"):
        answer = await sidecar.http.get(f"{path}?t={made.token}")
        assert answer.status == 401, path
        assert "Set-Cookie" not in answer.headers
    assert (await sidecar.http.get(address(film), headers=bearer(made.token))).status == 401
    assert (await sidecar.http.get(f"{address(film)}?t={token}")).status == 401, "a login is no link"
    with pytest.raises(Denied):
        links.read(made.token, other.id)  # by the signature alone; the row would not know it either
    assert sidecar.state.links._key != sidecar.state.accounts._key


async def test_a_link_goes_on_as_a_cookie_for_its_file_alone(
    sidecar: Sidecar, token: str, links: PreviewLinks, film: MediaFile, other: MediaFile
) -> None:
    made = await links.make(film.id, who=NAME)
    answer = await sidecar.http.get(f"{address(film)}?t={made.token}")
    kept = answer.headers.getall("Set-Cookie")
    assert [cookie.split("; ")[1] for cookie in kept] == [
        f"Path={address(film)}",
        f"Path=/api/media/{film.id}",
    ]
    assert all("HttpOnly; SameSite=Strict" in cookie for cookie in kept)
    assert (await sidecar.http.get(address(film))).status == 200
    assert (await sidecar.http.get(address(other))).status == 401
    assert (await sidecar.http.get("/api/auth/me")).status == 401


async def test_a_link_ends(sidecar: Sidecar, token: str, links: PreviewLinks, film: MediaFile) -> None:
    made = await links.make(film.id, who=NAME, seconds=1)
    assert made.expires_at.timestamp() <= time.time() + 1
    after = made.expires_at + timedelta(seconds=1)
    later = PreviewLinks(sidecar.state.database, SECRET, base_url="", now=lambda: after)
    with pytest.raises(Denied):
        await later.check(made.token, film.id)


async def test_a_link_that_is_remembered_ends_when_it_ends(
    sidecar: Sidecar, token: str, links: PreviewLinks, film: MediaFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await links.make(film.id, who=NAME)
    assert (await sidecar.http.get(f"{address(film)}?t={made.token}")).status == 200
    known = sidecar.state.link_claims._kept[made.token, film.id]
    sidecar.state.link_claims._kept[made.token, film.id] = (time.monotonic() + 3600, known[1])
    monkeypatch.setattr(sidecar.state.links, "_now", lambda: made.expires_at + timedelta(seconds=1))
    assert (await sidecar.http.get(f"{address(film)}?t={made.token}")).status == 401


async def test_a_revoked_link_is_useless_at_once(
    sidecar: Sidecar, token: str, links: PreviewLinks, film: MediaFile
) -> None:
    made = await links.make(film.id, who=NAME)
    assert (await sidecar.http.get(f"{address(film)}?t={made.token}")).status == 200
    listed = await (await sidecar.http.get("/api/links", headers=bearer(token))).json()
    assert [(link["id"], link["file"], link["made_by"]) for link in listed["links"]] == [
        (str(made.id), film.id, NAME)
    ]
    assert made.token not in json.dumps(listed)
    assert (await sidecar.http.delete(f"/api/links/{made.id}", headers=bearer(token))).status == 204
    assert (await sidecar.http.get(f"{address(film)}?t={made.token}")).status == 401
    assert (await sidecar.http.get(address(film))).status == 401, "nor by the cookie"
    assert await links.live() == []
    assert (await sidecar.http.delete(f"/api/links/{made.id}", headers=bearer(token))).status == 404


async def test_links_of_an_account_go_with_it(
    sidecar: Sidecar, token: str, accounts: Accounts, links: PreviewLinks, film: MediaFile
) -> None:
    user = await accounts.add("ash", PASSWORD)
    made = await links.make(film.id, who="ash", user=user)
    await accounts.remove("ASH")
    with pytest.raises(Denied):
        await links.check(made.token, film.id)


async def test_only_a_superuser_sees_and_ends_the_links_of_others(
    sidecar: Sidecar, token: str, accounts: Accounts, links: PreviewLinks, film: MediaFile
) -> None:
    await accounts.add("ash", PASSWORD)
    ash = bearer((await accounts.login("ash", PASSWORD)).token)
    mine = await links.make(film.id, who=NAME)
    assert (await (await sidecar.http.get("/api/links", headers=ash)).json())["links"] == []
    assert (await sidecar.http.delete(f"/api/links/{mine.id}", headers=ash)).status == 404
    made = await sidecar.http.post("/api/links", json={"file": film.id, "seconds": 60}, headers=ash)
    assert made.status == 201
    both = (await (await sidecar.http.get("/api/links", headers=bearer(token))).json())["links"]
    assert {link["made_by"] for link in both} == {NAME, "ash"}


async def test_whose_a_link_is_does_not_depend_on_how_many_there_are(
    sidecar: Sidecar, token: str, accounts: Accounts, links: PreviewLinks, film: MediaFile, conn: Connection
) -> None:
    await accounts.add("ash", PASSWORD)
    ash = bearer((await accounts.login("ash", PASSWORD)).token)
    made = await (await sidecar.http.post("/api/links", json={"file": film.id}, headers=ash)).json()
    await conn.execute(
        "insert into preview_links (file_id, made_by, expires_at)"
        " select $1, 'ash', now() + interval '1 hour' from generate_series(1, 10000)",
        film.id,
    )
    assert (await sidecar.http.delete(f"/api/links/{made['id']}", headers=ash)).status == 204
    assert (await sidecar.http.delete(f"/api/links/{made['id']}", headers=ash)).status == 404


@pytest.mark.parametrize(
    "body",
    [{}, {"file": "1"}, {"file": True}, {"file": -1}, {"file": 2**70}, {"file": 1, "seconds": 0}, [], 3],
)
async def test_a_link_that_makes_no_sense_is_refused(sidecar: Sidecar, token: str, body: object) -> None:
    answer = await sidecar.http.post("/api/links", json=body, headers=bearer(token))
    assert answer.status == 400


async def test_a_tampered_link_is_none(
    sidecar: Sidecar, token: str, links: PreviewLinks, film: MediaFile
) -> None:
    made = await links.make(film.id, who=NAME)
    for place in range(0, 64, 3):
        letter = "A" if made.token[place] != "A" else "B"
        with pytest.raises(Denied):
            await links.check(made.token[:place] + letter + made.token[place + 1 :], film.id)
    for other in ("", "x", made.token[:-1], made.token + "A", made.token * 2, "é" * 64, "\0" * 64):
        with pytest.raises(Denied):
            await links.check(other, film.id)
    stranger = PreviewLinks(sidecar.state.database, b"y" * 40, base_url="")
    with pytest.raises(Denied):
        await stranger.check(made.token, film.id)
    with pytest.raises(UsageError):
        await links.make(FileId(10**9), who=NAME)


async def test_tokens_stand_in_no_log_repr_or_error(
    sidecar: Sidecar, token: str, links: PreviewLinks, film: MediaFile, caplog: pytest.LogCaptureFixture,
    accounts: Accounts,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    made = await links.make(film.id, who=NAME)
    login = await accounts.login(NAME, PASSWORD)
    answers = [
        await sidecar.http.get(f"{address(film)}?t={made.token}"),
        await sidecar.http.get(f"/api/media/stream/999?t={made.token}"),
        await sidecar.http.get("/api/auth/me", headers=bearer(token)),
        await sidecar.http.get("/api/auth/me", headers=bearer(token + "x")),
        await sidecar.http.post("/api/auth/login", json=CREDENTIALS | {"password": "wrong-secret"}),
    ]
    assert [answer.status for answer in answers] == [200, 401, 200, 401, 401]
    said = caplog.text + repr(made) + repr(login) + repr(sidecar.state.links)
    assert address(film) in caplog.text
    assert NAME in caplog.text
    for secret in (made.token, token, "wrong-secret", PASSWORD, "?t="):
        assert secret not in said
    for answer in answers:
        assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_brute_force_meets_a_wall_and_others_do_not(sidecar: Sidecar, token: str) -> None:
    wrong = CREDENTIALS | {"password": "wrong password"}
    thief, owner = {"X-Forwarded-For": "192.0.2.66"}, {"X-Forwarded-For": "192.0.2.1"}
    statuses = [
        (await sidecar.http.post("/api/auth/login", json=wrong, headers=thief)).status for _ in range(14)
    ]
    assert statuses == [401] * 10 + [429] * 4
    refused = await sidecar.http.post("/api/auth/login", json=CREDENTIALS, headers=thief)
    assert refused.status == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 6
    assert (await sidecar.http.post("/api/auth/login", json=CREDENTIALS, headers=owner)).status == 200


async def test_a_stranger_does_not_choose_the_address_that_counts(serve: Serve, accounts: Accounts) -> None:
    sidecar = await serve(settings=Settings(streamer_trusted_proxies=("203.0.113.1",)))
    await accounts.register(NAME, PASSWORD)
    wrong = CREDENTIALS | {"password": "wrong password"}
    statuses = [
        (
            await sidecar.http.post(
                "/api/auth/login", json=wrong, headers={"X-Forwarded-For": f"192.0.2.{n}"}
            )
        ).status
        for n in range(11)
    ]
    assert statuses == [401] * 10 + [429]


async def test_an_unknown_name_costs_what_a_wrong_password_costs(accounts: Accounts) -> None:
    """The same work (one hash is verified), and the same sentence."""
    await accounts.register(NAME, PASSWORD)
    verified = []
    verify = accounts._hasher.verify

    class Watched:
        def verify(self, hash: str, password: str) -> bool:
            verified.append(hash)
            return verify(hash, password)

        hash = staticmethod(accounts._hasher.hash)

    accounts._hasher = Watched()  # type: ignore[assignment]  # the two calls that are used
    sentences = set()
    for name, password in ((NAME, "wrong password"), ("nobody", PASSWORD), ("\0", "x"), ("\ud800", "x")):
        with pytest.raises(Denied) as denied:
            await accounts.login(name, password)
        sentences.add(str(denied.value))
    assert len(verified) == 4
    assert len(sentences) == 1


async def test_however_many_try_two_passwords_are_tried_at_once(accounts: Accounts) -> None:
    """Each takes 64 MiB and a processor."""
    await accounts.register(NAME, PASSWORD)
    trying, go_on = [], threading.Event()
    verify = accounts._hasher.verify

    class Watched:
        def verify(self, hash: str, password: str) -> bool:
            trying.append(hash)
            return go_on.wait(60) and verify(hash, password)

        hash = staticmethod(accounts._hasher.hash)

    accounts._hasher = Watched()  # type: ignore[assignment]  # the two calls that are used
    logins = [asyncio.ensure_future(accounts.login(NAME, PASSWORD)) for _ in range(5)]
    try:
        await until(lambda: (len(trying), len(accounts._hashing._waiters or ())) == (2, 3))
    finally:
        go_on.set()
    assert len(await asyncio.gather(*logins)) == 5


async def test_a_name_or_password_that_will_not_do(accounts: Accounts) -> None:
    for name in ("", "   ", "x" * 65, "a\nb", "a\x1b[31m", "a\0b"):
        with pytest.raises(UsageError):
            await accounts.register(name, PASSWORD)
    for password in ("", "short", "x" * 1025, "\ud800" * 12):
        with pytest.raises(UsageError):
            await accounts.register(NAME, password)
    assert not await accounts.exist()


async def test_a_name_is_taken_whatever_its_case(accounts: Accounts) -> None:
    await accounts.add(NAME, PASSWORD)
    with pytest.raises(UsageError, match="already"):
        await accounts.add(NAME.upper(), PASSWORD)
    assert [(u.name, u.superuser) for u in await accounts.users()] == [(NAME, True)]


ELSEWHERE: tuple[dict[str, str], ...] = (
    {"Origin": "https://evil.example"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "null"},
    {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "cross-site"},
)


async def test_another_site_changes_nothing(sidecar: Sidecar, token: str) -> None:
    for method, path in (
        ("POST", "/api/auth/login"), ("POST", "/api/auth/logout"), ("POST", "/api/links"),
        ("DELETE", "/api/auth/sessions"), ("POST", "/api/auth/register"),
    ):  # fmt: skip
        for headers in ELSEWHERE:
            answer = await sidecar.http.request(
                method, path, json=CREDENTIALS, headers=headers | bearer(token)
            )
            assert answer.status == 403, (path, headers)
    form = await sidecar.http.post("/api/auth/login", data=CREDENTIALS)
    assert form.status == 415


async def test_our_own_site_may(serve: Serve, accounts: Accounts) -> None:
    sidecar = await serve(settings=Settings(public_base_url="https://vault.example"))
    await accounts.register(NAME, PASSWORD)
    for headers in (
        {"Origin": "https://vault.example"},
        {"Origin": f"http://127.0.0.1:{sidecar.port}"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},  # a page of ours, which sends no Referer
    ):
        answer = await sidecar.http.post("/api/auth/login", json=CREDENTIALS, headers=headers)
        assert answer.status == 200


def test_tries_come_back_with_time() -> None:
    now = [0.0]
    limiter = Limiter(burst=2, every=10, clock=lambda: now[0])
    assert [limiter.wait("192.0.2.1") for _ in range(3)] == [0, 0, 10]
    assert limiter.wait("192.0.2.2") == 0
    now[0] = 10
    assert [limiter.wait("192.0.2.1") for _ in range(2)] == [0, 10]
    limiter.give_back("192.0.2.1")
    assert limiter.wait("192.0.2.1") == 0
    assert [limiter.wait(f"2001:db8::{n}") for n in range(3)] == [0, 0, 10], "a household has a /64"
