"""The settings: read from one mapping, all problems at once, secrets never shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mediavault_tui.errors import ConfigError
from mediavault_tui.settings import VARIABLES, Secret, Settings, entries, environment, from_env, with_changes

ROOT = Path(__file__).parents[2]


def test_nothing_set_is_a_working_configuration() -> None:
    settings = from_env({})
    assert settings.database_url is None
    assert settings.languages == ("en",)
    assert settings.data_dir.name == "mediavault"


def test_an_empty_value_counts_as_unset() -> None:
    assert from_env({"MEDIAVAULT_READERS": "  "}).readers == 4


def test_lists_and_paths_are_read() -> None:
    settings = from_env({"MEDIAVAULT_LANGUAGES": "EN, de", "MEDIAVAULT_PROTECTED": "/a, ~/b"})
    assert settings.languages == ("en", "de")
    assert settings.protected == (Path("/a"), Path("~/b").expanduser())


def test_an_excluded_folder_is_a_path_or_a_name() -> None:
    settings = from_env({"MEDIAVAULT_EXCLUDE": "Incomplete, /films/new, nas:1/video/x"})
    assert settings.exclude == (Path("Incomplete"), Path("/films/new"), Path("nas:1/video/x"))
    with pytest.raises(ConfigError, match="films/new begins nowhere; write the whole path"):
        from_env({"MEDIAVAULT_EXCLUDE": "films/new"})


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        from_env(
            {
                "MEDIAVAULT_READERS": "many",
                "STREAMER_PORT": "70000",
                "MEDIAVAULT_READ_ONLY": "perhaps",
                "MEDIAVAULT_STAGING_PAHT": "/x",
            }
        )
    message = str(caught.value)
    for part in ("MEDIAVAULT_READERS", "STREAMER_PORT", "READ_ONLY", "did you mean MEDIAVAULT_STAGING_PATH?"):
        assert part in message


def test_a_strangers_variable_is_no_problem() -> None:
    from_env({"AZURE_CONFIG_DIR": "/home/someone/.azure", "NAS_BACKUP_JOB": "1", "PATH": "/bin"})


def test_a_secret_shows_itself_nowhere() -> None:
    settings = from_env({"NAS_SMB_PASSWORD": "hunter2", "DATABASE_URL": "postgresql://u:hunter2@h/d"})
    assert "hunter2" not in repr(settings) + str(settings.nas_password) + f"{settings.database_url!r}"
    assert settings.nas_password is not None
    assert settings.nas_password.reveal() == "hunter2"


def test_a_wrong_database_url_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        from_env({"DATABASE_URL": "mysql://u:hunter2@h/d"})
    assert "hunter2" not in str(caught.value)
    assert "DATABASE_URL" in str(caught.value)


def test_equal_secrets_are_equal() -> None:
    assert Secret("a") == Secret("a") != Secret("b")


def test_the_example_file_names_every_setting_and_no_other() -> None:
    text = (ROOT / ".env.example").read_text()
    assert set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE)) == set(VARIABLES)


def test_the_configuration_page_names_every_setting() -> None:
    text = (ROOT / "docs/configuration.md").read_text()
    assert [v for v in VARIABLES if f"`{v}`" not in text] == []


def test_every_setting_is_an_entry_with_its_origin_and_no_secret() -> None:
    settings = from_env({"NAS_SMB_PASSWORD": "hunter2", "MEDIAVAULT_LANGUAGES": "en, FR"})
    shown = entries(settings, {"MEDIAVAULT_LANGUAGES": "environment"})
    assert [entry.variable for entry in shown] == list(VARIABLES)
    by_name = {entry.variable: entry for entry in shown}
    assert by_name["NAS_SMB_PASSWORD"].value == "set"
    assert "hunter2" not in str(shown)
    assert (by_name["MEDIAVAULT_LANGUAGES"].value, by_name["MEDIAVAULT_LANGUAGES"].origin) == (
        "en,fr",
        "environment",
    )
    assert (by_name["MEDIAVAULT_READ_ONLY"].value, by_name["MEDIAVAULT_READ_ONLY"].origin) == (
        "no",
        "default",
    )
    assert by_name["DATABASE_URL"].value == ""


def test_what_is_shown_is_read_back_as_it_was() -> None:
    settings = from_env({})
    shown = {entry.variable: entry.value for entry in entries(settings, {})}
    assert from_env(shown) == settings


def test_a_program_with_arguments_is_shown_as_it_was_written() -> None:
    settings = from_env({"NAS_PASSWORD_COMMAND": "pass show 'nas/my box'"})
    shown = {entry.variable: entry.value for entry in entries(settings, {})}
    assert shown["NAS_PASSWORD_COMMAND"] == "pass show 'nas/my box'"
    assert from_env(shown) == settings


ELSEWHERE = {
    "DATABASE_URL": "postgresql://me:hunter2@db/library",
    "MEDIAVAULT_PG_BIN": "/usr/lib/postgresql/16/bin",
    "MEDIAVAULT_DATA_DIR": "/srv/data",
    "MEDIAVAULT_CACHE_DIR": "/srv/cache",
    "MEDIAVAULT_LANGUAGES": "de,en",
    "MEDIAVAULT_PROTECTED": "/a,/b c",
    "MEDIAVAULT_STAGING_PATH": "/held",
    "MEDIAVAULT_READ_ONLY": "yes",
    "MEDIAVAULT_KEYS": "inventory.stage=D,list.first=home 0",
    "NAS_HOST": "nas",
    "NAS_SMB_SHARE": "volume1",
    "NAS_SMB_PASSWORD": "pass 'word\"",
    "NAS_PASSWORD_COMMAND": "pass show 'nas/my box'",
    "NAS_MOUNTS": "/mnt/nas=volume1",
    "NAS_BYTE_BUDGET": "50 GB",
    "NAS_NIGHT_WINDOW": "23:00-06:00",
    "STREAMER_TRUSTED_PROXIES": ",",
    "PUBLIC_BASE_URL": "https://vault.example",
}


@pytest.mark.parametrize("own", [ELSEWHERE, {}], ids=["everything", "nothing"])
def test_another_process_reads_these_settings_whatever_stands_in_its_environment(own: dict[str, str]) -> None:
    """An empty value counts: it hides what `.env` says."""
    settings = from_env(own)
    other = {} if own else ELSEWHERE
    assert from_env({**other, **environment(settings)}) == settings


def test_changes_are_read_as_the_environment_is() -> None:
    settings = from_env({"FUZZY_MATCH_THRESHOLD": "90"})
    changed = with_changes(settings, {"MEDIAVAULT_LANGUAGES": "de,en", "FUZZY_MATCH_THRESHOLD": ""})
    assert (changed.languages, changed.fuzzy_match_threshold) == (("de", "en"), 85)
    assert settings.fuzzy_match_threshold == 90


def test_wrong_changes_are_named_all_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        with_changes(Settings(), {"FUZZY_MATCH_THRESHOLD": "7", "QUALITY_CLEAR_WINNER_THRESHOLD": "x"})
    assert "FUZZY_MATCH_THRESHOLD: must be from 50 to 100" in str(raised.value)
    assert "QUALITY_CLEAR_WINNER_THRESHOLD: 'x' is no whole number" in str(raised.value)


@pytest.mark.parametrize(
    ("host", "public", "address"),
    [
        ("127.0.0.1", None, "http://127.0.0.1:8007"),
        ("::1", None, "http://[::1]:8007"),
        ("0.0.0.0", None, "http://127.0.0.1:8007"),
        ("::", None, "http://[::1]:8007"),
        ("nas.example", None, "http://nas.example:8007"),
        ("0.0.0.0", "https://vault.example", "https://vault.example"),
    ],
)
def test_links_carry_an_address_that_can_be_reached(host: str, public: str | None, address: str) -> None:
    assert Settings(streamer_host=host, public_base_url=public).base_url == address
