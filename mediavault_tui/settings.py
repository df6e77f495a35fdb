"""Every setting, with its unit; `from_env` is the only reader of the environment.

All problems are reported at once in one `ConfigError` that names each variable and,
for an unknown `MEDIAVAULT_…` one, the nearest real name. Secrets are `Secret`s: their
repr and str are stars. Long, for every setting stands here with its help.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import platformdirs

from mediavault_tui.domain.nightly import Window
from mediavault_tui.domain.origins import url_of
from mediavault_tui.domain.paths import Mount
from mediavault_tui.domain.weights import read_weights
from mediavault_tui.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that never shows itself; `reveal()` is the one way to it."""

    _value: str

    def reveal(self) -> str:
        """Return the secret; only the driver that needs it may ask."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


def _text(raw: str) -> str:
    return raw


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(raw: str) -> int:
        value = int(raw)
        if not low <= value <= high:
            raise ValueError(f"must be from {low} to {high}")
        return value

    return read


def _command(raw: str) -> tuple[str, ...]:
    return tuple(shlex.split(raw))


def _path(raw: str) -> Path:
    return Path(raw).expanduser()


def _paths(raw: str) -> tuple[Path, ...]:
    return tuple(Path(p.strip()).expanduser() for p in raw.split(",") if p.strip())


def _excluded(raw: str) -> tuple[Path, ...]:
    folders = _paths(raw)
    for folder in folders:
        if len(folder.parts) > 1 and not folder.is_absolute() and ":" not in folder.parts[0]:
            raise ValueError(f"{folder} begins nowhere; write the whole path, or one folder's name")
    return folders


def _words(raw: str) -> tuple[str, ...]:
    return tuple(w.strip().lower() for w in raw.split(",") if w.strip())


def _networks(raw: str) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_network(w, strict=False)) for w in _words(raw))


def _public_url(raw: str) -> str:
    if not raw.startswith(("https://", "http://")):
        raise ValueError("must begin with https:// or http://")
    return raw.rstrip("/")


def _flag(raw: str) -> bool:
    try:
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[raw.lower()]
    except KeyError:
        raise ValueError("must be yes or no") from None


def _graphics(raw: str) -> str:
    if raw.lower() not in ("auto", "kitty", "sixel", "blocks"):
        raise ValueError("must be auto, kitty, sixel or blocks")
    return raw.lower()


def _keys(raw: str) -> tuple[str, ...]:
    """Read `id=key` and `id=key key`; which ids there are and which keys go together, the app knows."""
    entries: dict[str, str] = {}
    for part in filter(None, map(str.strip, raw.split(","))):
        name, separator, keys = part.partition("=")
        name, keys = name.strip(), " ".join(keys.split())
        if not (name and separator and keys):
            raise ValueError(
                f"{part!r} does not say which key; write app.help=f1 (the comma itself is comma)"
            )
        if name in entries:
            raise ValueError(f"{name} is there twice; write its keys with a space between: list.first=home 0")
        entries[name] = keys
    return tuple(f"{name}={keys}" for name, keys in entries.items())


def _mounts(raw: str) -> tuple[str, ...]:
    mounts = tuple(part.strip() for part in raw.split(",") if part.strip())
    for mount in mounts:
        Mount.read(mount)
    return mounts


_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20,
          "gib": 2**30, "tib": 2**40}  # fmt: skip


def read_bytes(raw: str) -> int:
    """Read a number of bytes: 50 GB, 1.5TiB, 1000000. Raises: ValueError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", raw.strip().lower())
    if found is None or found[2] not in _UNITS:
        raise ValueError(f"{raw!r} is no number of bytes; write 50 GB")
    return int(float(found[1]) * _UNITS[found[2]])


def _database_url(raw: str) -> Secret:
    if not raw.startswith(("postgresql://", "postgres://")):
        raise ValueError("must begin with postgresql://")
    return Secret(raw)


def _setting(variable: str, read: Callable[[str], Any], default: Any, help: str) -> Any:
    return field(default=default, metadata={"variable": variable, "read": read, "help": help})


@dataclass(frozen=True, slots=True)
class Settings:
    """What may be set, and what holds when nothing is."""

    database_url: Secret | None = _setting(
        "DATABASE_URL", _database_url, None, "PostgreSQL; unset: the embedded server"
    )
    pg_bin: Path | None = _setting(
        "MEDIAVAULT_PG_BIN", _path, None, "folder of initdb and pg_ctl for the embedded server"
    )
    data_dir: Path = _setting(
        "MEDIAVAULT_DATA_DIR", _path, Path("."), "where the embedded database, keys and logs live"
    )
    cache_dir: Path = _setting(
        "MEDIAVAULT_CACHE_DIR", _path, Path("."), "where posters are kept, 64 MB of them at most"
    )
    ffmpeg: str | None = _setting(
        "MEDIAVAULT_FFMPEG", _text, None, "the ffmpeg program; unset: PATH, then the wheel"
    )
    ffprobe: str | None = _setting(
        "MEDIAVAULT_FFPROBE", _text, None, "the ffprobe program; unset: PATH, then the wheel"
    )
    readers: int = _setting(
        "MEDIAVAULT_READERS", _whole(1, 64), 4, "files read at once while hashing; 2 on one hard disk"
    )
    languages: tuple[str, ...] = _setting(
        "MEDIAVAULT_LANGUAGES", _words, ("en",), "languages you want to hear, first matters most"
    )
    protected: tuple[Path, ...] = _setting(
        "MEDIAVAULT_PROTECTED", _paths, (), "folders whose files are never staged, comma-separated"
    )
    exclude: tuple[Path, ...] = _setting(
        "MEDIAVAULT_EXCLUDE",
        _excluded,
        (),
        "folders that no scan enters: paths, or names that count anywhere (Incomplete), comma-separated",
    )
    staging_path: Path | None = _setting(
        "MEDIAVAULT_STAGING_PATH",
        _path,
        None,
        "holding folder; unset: duplicates_before_purge at the top of each scanned folder",
    )
    read_only: bool = _setting(
        "MEDIAVAULT_READ_ONLY", _flag, False, "look, but stage, restore and purge nothing"
    )
    fuzzy_match_threshold: int = _setting(
        "FUZZY_MATCH_THRESHOLD", _whole(50, 100), 85, "title likeness of one work, 50–100"
    )
    review_threshold: int = _setting(
        "QUALITY_MANUAL_REVIEW_THRESHOLD", _whole(0, 200), 20, "a smaller gap in points is for a person"
    )
    clear_threshold: int = _setting(
        "QUALITY_CLEAR_WINNER_THRESHOLD", _whole(0, 200), 50, "a larger gap in points is clear"
    )
    weights: tuple[str, ...] = _setting(
        "MEDIAVAULT_WEIGHTS",
        read_weights,
        (),
        "points of the quality score that you give otherwise: hdr=0,av1=15,surround=25",
    )
    retention_days: int = _setting(
        "PENDING_DELETION_RETENTION_DAYS",
        _whole(0, 3650),
        30,
        "days a staged file is held before a purge takes it; 0: at once",
    )
    jwt_secret_key: Secret | None = _setting(
        "JWT_SECRET_KEY", Secret, None, "signs sessions and links; unset: made once, kept in the data folder"
    )
    nas_host: str | None = _setting("NAS_HOST", _text, None, "the NAS: name or address")
    nas_user: str | None = _setting("NAS_SMB_USERNAME", _text, None, "SMB user")
    nas_password: Secret | None = _setting("NAS_SMB_PASSWORD", Secret, None, "SMB password")
    nas_password_command: tuple[str, ...] = _setting(
        "NAS_PASSWORD_COMMAND",
        _command,
        (),
        "program that prints the SMB password where none is stored: pass show nas/{host}",
    )
    nas_share: str | None = _setting("NAS_SMB_SHARE", _text, None, "SMB share")
    nas_scan_paths: tuple[Path, ...] = _setting(
        "NAS_SCAN_PATHS", _paths, (), "folders of the share to scan, comma-separated"
    )
    nas_staging_path: Path | None = _setting("NAS_STAGING_PATH", _path, None, "holding folder on the NAS")
    nas_port: int = _setting("NAS_SMB_PORT", _whole(1, 65535), 445, "port of the NAS")
    nas_encrypt: bool = _setting(
        "NAS_SMB_ENCRYPT", _flag, False, "encrypt every message, even where the NAS does not ask for it"
    )
    nas_mounts: tuple[str, ...] = _setting(
        "NAS_MOUNTS", _mounts, (), "folders of this machine that show a share: /mnt/nas-media=volume1"
    )
    nas_readers: int = _setting(
        "NAS_READERS", _whole(0, 16), 0, "files read at once from a share; 0: 2 near by, 4 far away"
    )
    nas_budget: int = _setting(
        "NAS_BYTE_BUDGET", read_bytes, 0, "the most that one scan reads from a share (50 GB); 0: no limit"
    )
    nas_window: Window | None = _setting(
        "NAS_NIGHT_WINDOW", Window.read, None, "when files of a share may be read: 23:00-06:00; unset: always"
    )
    tmdb_token: Secret | None = _setting("TMDB_READ_ACCESS_TOKEN", Secret, None, "TMDb bearer token")
    tmdb_key: Secret | None = _setting("TMDB_API_KEY", Secret, None, "TMDb key, where there is no token")
    tmdb_url: str = _setting("TMDB_BASE_URL", _text, "https://api.themoviedb.org/3/", "TMDb's address")
    tmdb_image_url: str = _setting(
        "TMDB_IMAGE_URL", _text, "https://image.tmdb.org/t/p/", "where TMDb's posters lie"
    )
    omdb_key: Secret | None = _setting("OMDB_API_KEY", Secret, None, "OMDb key")
    omdb_url: str = _setting("OMDB_BASE_URL", _text, "https://www.omdbapi.com/", "OMDb's address")
    azure_key: Secret | None = _setting("AZURE_OPENAI_KEY", Secret, None, "Azure OpenAI key")
    azure_endpoint: str | None = _setting("AZURE_OPENAI_ENDPOINT", _text, None, "Azure OpenAI address")
    azure_version: str = _setting(
        "AZURE_OPENAI_API_VERSION", _text, "2024-08-01-preview", "Azure OpenAI API version"
    )
    azure_chat: str = _setting("AZURE_DEPLOYMENT_NAME_CHAT", _text, "gpt-4o", "deployment that answers")
    azure_chat_mini: str = _setting(
        "AZURE_DEPLOYMENT_NAME_CHAT_MINI", _text, "gpt-4o-mini", "deployment for cheaper questions"
    )
    azure_tokens_per_day: int = _setting(
        "AZURE_OPENAI_MAX_TOKENS_PER_DAY", _whole(0, 10**9), 500_000, "token budget a day"
    )
    openai_url: str | None = _setting(
        "OPENAI_BASE_URL",
        _text,
        None,
        "any OpenAI-compatible endpoint, in place of Azure (a local model, say)",
    )
    openai_key: Secret | None = _setting(
        "OPENAI_API_KEY", Secret, None, "key of OPENAI_BASE_URL, if it wants one"
    )
    openai_model: str = _setting("OPENAI_MODEL", _text, "gpt-4o", "model that answers at OPENAI_BASE_URL")
    openai_model_mini: str | None = _setting(
        "OPENAI_MODEL_MINI", _text, None, "model for cheaper questions; unset: the same"
    )
    reader_password: Secret | None = _setting(
        "MEDIAVAULT_READER_PASSWORD",
        Secret,
        None,
        "password of the role mediavault_reader, where an administrator made it (sql/roles.sql)",
    )
    streamer_host: str = _setting("STREAMER_HOST", _text, "127.0.0.1", "the sidecar listens here")
    streamer_port: int = _setting("STREAMER_PORT", _whole(1, 65535), 8007, "…on this port")
    web_host: str = _setting("MEDIAVAULT_WEB_HOST", _text, "127.0.0.1", "the front end listens here")
    web_port: int = _setting("MEDIAVAULT_WEB_PORT", _whole(1, 65535), 3007, "…on this port")
    streamer_trusted_proxies: tuple[str, ...] = _setting(
        "STREAMER_TRUSTED_PROXIES",
        _networks,
        ("127.0.0.0/8", "::1/128"),
        "addresses or networks of proxies that are believed who asks",
    )
    public_base_url: str | None = _setting(
        "PUBLIC_BASE_URL", _public_url, None, "the address that preview links carry"
    )
    graphics: str = _setting(
        "MEDIAVAULT_GRAPHICS", _graphics, "auto", "pictures in the terminal: auto, kitty, sixel or blocks"
    )
    theme: str | None = _setting(
        "MEDIAVAULT_THEME", str.lower, None, "colours of the app: nord, solarized-light, … (T in Settings)"
    )
    keys: tuple[str, ...] = _setting(
        "MEDIAVAULT_KEYS", _keys, (), "keys of the app by their ids: inventory.stage=D,list.first=home 0"
    )

    @property
    def base_url(self) -> str:
        """The address that links carry: PUBLIC_BASE_URL, else the sidecar's own."""
        return self.public_base_url or url_of(self.streamer_host, self.streamer_port)


_FIELDS: Mapping[str, Field[Any]] = {f.metadata["variable"]: f for f in fields(Settings)}

VARIABLES: Mapping[str, str] = {f.metadata["variable"]: f.metadata["help"] for f in fields(Settings)}
"""Every variable and its help line, in the order of the settings."""

REHEARSED = (
    "MEDIAVAULT_LANGUAGES",
    "FUZZY_MATCH_THRESHOLD",
    "QUALITY_MANUAL_REVIEW_THRESHOLD",
    "QUALITY_CLEAR_WINNER_THRESHOLD",
    "MEDIAVAULT_WEIGHTS",
)
"""The settings that decide verdicts: what they would change can be seen before they are changed."""

_PREFIXES = ("MEDIAVAULT_", "NAS_", "TMDB_", "OMDB_", "AZURE_", "STREAMER_", "QUALITY_")


def from_env(environ: Mapping[str, str]) -> Settings:
    """Read the settings from `environ`; an empty value counts as unset.

    Raises: ConfigError naming every wrong variable at once. A value is never repeated
        when it is a secret.
    """
    values: dict[str, Any] = {
        "data_dir": Path(platformdirs.user_data_dir("mediavault")),
        "cache_dir": Path(platformdirs.user_cache_dir("mediavault")),
    }
    problems: list[str] = []
    for setting in fields(Settings):
        variable = setting.metadata["variable"]
        raw = environ.get(variable, "").strip()
        if not raw:
            continue
        try:
            values[setting.name] = setting.metadata["read"](raw)
        except ValueError as error:
            problems.append(_problem(variable, raw, error))
    for variable in environ:
        if variable.startswith(_PREFIXES) and variable not in VARIABLES:
            ours = variable.startswith("MEDIAVAULT_")
            # Another program's AZURE_… or NAS_… is none of our business, unless it is a slip of ours.
            near = difflib.get_close_matches(variable, VARIABLES, n=1, cutoff=0.6 if ours else 0.9)
            if near or ours:
                hint = f"; did you mean {near[0]}?" if near else ""
                problems.append(f"{variable} is no setting of MediaVault{hint}")
    if problems:
        raise ConfigError("; ".join(problems))
    return Settings(**values)


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting as it holds now, in words: a secret says only that it is set."""

    variable: str
    value: str
    """As it would stand in `.env`; empty: unset."""
    origin: str
    meaning: str


def entries(settings: Settings, origins: Mapping[str, str]) -> tuple[Entry, ...]:
    """Return every setting in the order of the fields; `origins`: where a variable's value came from."""
    return tuple(
        Entry(
            variable := f.metadata["variable"],
            written(settings, variable),
            origins.get(variable, "default"),
            f.metadata["help"],
        )
        for f in fields(Settings)
    )


def written(settings: Settings, variable: str) -> str:
    """Return a setting's value as it is written in `.env`; of a secret only that there is one."""
    value = getattr(settings, _FIELDS[variable].name)
    return "set" if isinstance(value, Secret) else _spelled(variable, value)


def environment(settings: Settings) -> dict[str, str]:
    """Return the variables from which another process reads these very settings, secrets in the clear.

    Each is there, empty where nothing is set: what lacks would be taken from its environment or `.env`.
    """
    given = replace(settings, data_dir=settings.data_dir.absolute(), cache_dir=settings.cache_dir.absolute())
    found = {}
    for variable, setting in _FIELDS.items():
        value = getattr(given, setting.name)
        if value == setting.default:
            found[variable] = ""
        elif isinstance(value, Secret):
            found[variable] = value.reveal()
        else:
            found[variable] = _spelled(variable, value) or ","  # a list that was emptied
    return found


def _spelled(variable: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        words = tuple(map(str, value))
        return shlex.join(words) if _FIELDS[variable].metadata["read"] is _command else ",".join(words)
    return str(value)


def with_changes(settings: Settings, changes: Mapping[str, str]) -> Settings:
    """Return the settings as they would be with some variables written otherwise.

    An empty text is the default. Raises: ConfigError naming every wrong variable at once.
    """
    values: dict[str, Any] = {}
    problems: list[str] = []
    for variable, raw in changes.items():
        setting = _FIELDS[variable]
        try:
            values[setting.name] = setting.metadata["read"](raw.strip()) if raw.strip() else setting.default
        except ValueError as error:
            problems.append(_problem(variable, raw, error))
    if problems:
        raise ConfigError("; ".join(problems))
    return replace(settings, **values)


def _problem(variable: str, raw: str, error: ValueError) -> str:
    reason = str(error)
    if reason.startswith("invalid literal"):
        reason = f"{raw!r} is no whole number"
    return f"{variable}: {reason}"
