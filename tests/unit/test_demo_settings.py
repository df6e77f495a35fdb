"""What the demo takes over of the user's settings: programs and keys, never a library, a NAS or a rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediavault_tui.cli.demo import own_settings
from mediavault_tui.settings import Settings, from_env

THEIRS = {
    "DATABASE_URL": "postgresql://me:hunter2@db/library",
    "MEDIAVAULT_DATA_DIR": "/home/me/data",
    "MEDIAVAULT_CACHE_DIR": "/home/me/cache",
    "MEDIAVAULT_STAGING_PATH": "/home/me/held",
    "MEDIAVAULT_PROTECTED": "/home/me/films",
    "MEDIAVAULT_READER_PASSWORD": "hunter2",
    "MEDIAVAULT_LANGUAGES": "de",
    "JWT_SECRET_KEY": "a secret that signs the links to their films",
    "NAS_HOST": "nas",
    "NAS_SMB_SHARE": "volume1",
    "NAS_SMB_USERNAME": "me",
    "NAS_SMB_PASSWORD": "hunter2",
    "NAS_PASSWORD_COMMAND": "pass show nas/{host}",
    "NAS_SCAN_PATHS": "/volume1/videos",
    "NAS_STAGING_PATH": "/volume1/held",
    "NAS_MOUNTS": "/mnt/nas=volume1",
    "PUBLIC_BASE_URL": "https://vault.example",
    "STREAMER_HOST": "0.0.0.0",
    "FUZZY_MATCH_THRESHOLD": "99",
    "PENDING_DELETION_RETENTION_DAYS": "30",
}
MACHINE = {
    "MEDIAVAULT_PG_BIN": "/usr/lib/postgresql/16/bin",
    "MEDIAVAULT_FFMPEG": "/opt/ffmpeg",
    "MEDIAVAULT_FFPROBE": "/opt/ffprobe",
    "MEDIAVAULT_READERS": "2",
    "MEDIAVAULT_GRAPHICS": "blocks",
    "MEDIAVAULT_THEME": "nord",
    "MEDIAVAULT_KEYS": "list.first=home 0",
    "TMDB_API_KEY": "a key",
    "AZURE_OPENAI_KEY": "a key",
    "AZURE_OPENAI_ENDPOINT": "https://azure.example",
    "STREAMER_PORT": "8123",
}


def _own(environ: dict[str, str]) -> Settings:
    return own_settings(from_env(environ), Path("/tmp/demo/.data"))


def test_nothing_of_the_users_library_or_nas_is_taken_over() -> None:
    own = _own(THEIRS)
    assert own == _own({"MEDIAVAULT_PROTECTED": THEIRS["MEDIAVAULT_PROTECTED"]})
    assert (own.database_url, own.staging_path, own.nas_host, own.nas_mounts) == (None, None, None, ())
    assert own.data_dir == Path("/tmp/demo/.data")
    assert own.data_dir in own.cache_dir.parents


def test_what_was_staged_in_the_demo_can_be_purged_at_once() -> None:
    assert _own(THEIRS).retention_days == 0


@pytest.mark.parametrize(
    ("variable", "value"), [("MEDIAVAULT_PROTECTED", "/home/me/films"), ("MEDIAVAULT_READ_ONLY", "yes")]
)
def test_what_the_user_forbade_stays_forbidden(variable: str, value: str) -> None:
    settings = from_env({variable: value})
    own = own_settings(settings, Path("/tmp/demo/.data"))
    assert (own.protected, own.read_only) == (settings.protected, settings.read_only)


def test_a_protected_folder_of_a_share_is_left_out_for_the_demo_knows_no_share() -> None:
    theirs = {"MEDIAVAULT_PROTECTED": "nas:/volume1/films,smb://nas/volume1,/home/me/films"}
    assert _own(theirs).protected == (Path("/home/me/films"),)


def test_the_programs_of_the_machine_and_the_keys_of_services_are_taken_over() -> None:
    own, settings = _own(MACHINE), from_env(MACHINE)
    programs, services = ("pg_bin", "ffmpeg", "ffprobe", "readers"), ("tmdb_key", "azure_key")
    names = (*programs, *services, "graphics", "keys", "streamer_port")
    assert [getattr(own, name) for name in names] == [getattr(settings, name) for name in names]
