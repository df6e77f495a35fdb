"""The settings, the answers of the real tools, and rehearsals over real groups."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from dotenv import dotenv_values

from mediavault_tui import bootstrap
from mediavault_tui.errors import ConfigError
from mediavault_tui.services.configuration import Configuration
from mediavault_tui.services.dedupe import Dedupe
from mediavault_tui.settings import Settings, entries, with_changes
from mediavault_tui.store.database import Connection, Database
from tests.db.test_groups import only, put

CLEAR = "QUALITY_CLEAR_WINNER_THRESHOLD"
TWO_QUALITIES = ("1080p h264 10M", "480p mpeg4 1M")


@pytest.fixture
def configuration(database: Database) -> Configuration:
    return Configuration(database, Settings(), origins={}, env_file=Path("/library/.env"))


async def test_a_higher_threshold_flips_a_clear_group_and_writes_nothing(
    conn: Connection, database: Database, configuration: Configuration
) -> None:
    best, _ = await put(conn, *TWO_QUALITIES)
    dedupe = Dedupe(database)
    await dedupe.refresh()
    before = await dedupe.groups()
    found = await configuration.rehearse({CLEAR: "200"})
    (flip,) = found.flips
    assert flip.before is not None
    assert flip.after is not None
    assert (flip.before.verdict, flip.after.verdict) == ("clear", "recommended")
    assert flip.after.keeper_path == best.path
    assert (found.groups, found.sure_before, found.sure_after) == (1, 1, 0)
    assert await dedupe.groups() == before


async def test_a_rehearsal_tells_what_a_refresh_by_those_rules_then_does(
    conn: Connection, database: Database, configuration: Configuration
) -> None:
    await put(conn, "1080p h264 10M a:en/stereo", "480p mpeg4 1M a:fr/stereo")
    changes = {"MEDIAVAULT_LANGUAGES": "fr"}
    (flip,) = (await configuration.rehearse(changes)).flips
    assert flip.after is not None
    settings = Settings(languages=("fr",))
    dedupe = bootstrap.dedupe(database, settings)
    await dedupe.refresh()
    decision = (await dedupe.comparison(await only(dedupe))).decision
    assert (decision.keeper, decision.verdict, decision.sentence) == (
        flip.after.keeper,
        flip.after.verdict,
        flip.after.sentence,
    )


async def test_a_looser_likeness_finds_a_group_more(
    conn: Connection, database: Database, configuration: Configuration
) -> None:
    (one,) = await put(conn, "1080p h264 10M")
    assert one.identity is not None
    near = replace(one.identity, title="Heab")
    await put(conn, "480p mpeg4 1M", first=2, identity=near)
    assert (await configuration.rehearse({})).flips == ()
    (flip,) = (await configuration.rehearse({"FUZZY_MATCH_THRESHOLD": "70"})).flips
    assert flip.before is None


async def test_other_weights_flip_a_group_and_score_every_file_anew(
    conn: Connection, database: Database, configuration: Configuration
) -> None:
    modern, old = await put(conn, "1080p hevc 4M", "720p h264 5M")
    await bootstrap.dedupe(database, Settings()).refresh()
    changes = {"MEDIAVAULT_WEIGHTS": "720p=120"}
    (flip,) = (await configuration.rehearse(changes)).flips
    assert flip.before is not None
    assert flip.after is not None
    assert (flip.before.keeper, flip.after.keeper) == (modern.id, old.id)
    for settings in (with_changes(Settings(), changes), Settings()):
        dedupe = bootstrap.dedupe(database, settings)
        await dedupe.refresh()
        copies = (await dedupe.comparison(await only(dedupe))).copies
        assert copies[0].file.id == (old.id if settings.weights else modern.id)
        stored = {row["id"]: row["score"] for row in await conn.fetch("select id, score from media_files")}
        assert stored == {copy.file.id: copy.score.total for copy in copies}
        for copy in copies:
            found = await bootstrap.library(database, settings).file(copy.file.id)
            assert found is not None
            assert found.score == copy.score


async def test_a_group_that_was_dealt_with_does_not_flip(
    conn: Connection, database: Database, configuration: Configuration
) -> None:
    await put(conn, *TWO_QUALITIES)
    dedupe = Dedupe(database)
    await dedupe.refresh()
    await dedupe.keep_both(await only(dedupe), who="ripley")
    found = await configuration.rehearse({CLEAR: "200"})
    assert (found.flips, found.groups) == ((), 0)


async def test_the_database_and_the_programs_answer(configuration: Configuration) -> None:
    checks = {check.what: check for check in await configuration.checks()}
    assert list(checks) == ["database", "ffmpeg", "ffprobe"]
    assert [check.what for check in checks.values() if not check.ok] == []
    assert checks["database"].said.startswith("PostgreSQL 16")
    assert "version" in checks["ffmpeg"].said


async def test_a_program_that_is_not_there_answers_with_the_sentence_that_helps(database: Database) -> None:
    settings = Settings(ffmpeg="/nowhere/ffmpeg", ffprobe="false")
    configuration = Configuration(database, settings, origins={}, env_file=Path(".env"))
    _, ffmpeg, ffprobe = await configuration.checks()
    assert (ffmpeg.ok, ffprobe.ok) == (False, False)
    assert "MEDIAVAULT_FFMPEG" in ffmpeg.said
    assert "ended with 1" in ffprobe.said


async def test_the_lines_for_env_read_back_as_what_was_tried(
    configuration: Configuration, tmp_path: Path
) -> None:
    tried = {"MEDIAVAULT_LANGUAGES": "de, en #1's", CLEAR: "60"}
    path, lines = configuration.env_lines(tried)
    assert path == "/library/.env"
    (tmp_path / ".env").write_text("\n".join(lines))
    assert dotenv_values(tmp_path / ".env") == {"MEDIAVAULT_LANGUAGES": "de,en #1's", CLEAR: "60"}
    with pytest.raises(ConfigError):
        configuration.env_lines({CLEAR: "many"})


def test_each_setting_says_where_it_came_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("MEDIAVAULT_READERS=8\nMEDIAVAULT_LANGUAGES=fr\nNAS_HOST=nas\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDIAVAULT_LANGUAGES", "de")
    monkeypatch.setenv("NAS_HOST", "")
    settings = replace(bootstrap.load_settings(), read_only=True)
    came = {entry.variable: entry.origin for entry in entries(settings, bootstrap.origins(settings))}
    assert came["MEDIAVAULT_READERS"] == str(tmp_path / ".env")
    assert came["MEDIAVAULT_LANGUAGES"] == "environment"
    assert came["MEDIAVAULT_READ_ONLY"] == "this run"
    assert came["NAS_HOST"] == came["FUZZY_MATCH_THRESHOLD"] == "default"
