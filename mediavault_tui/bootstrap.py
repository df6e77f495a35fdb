"""The one place that builds real things and closes them.

Longer than the habit: a short function for each thing that is built.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dotenv import dotenv_values, find_dotenv

from mediavault_tui import settings as settings_module
from mediavault_tui.errors import ConfigError
from mediavault_tui.settings import Settings
from mediavault_tui.store.database import Database
from mediavault_tui.store.embedded import serve
from mediavault_tui.store.migrate import migrate

if TYPE_CHECKING:
    from mediavault_tui.assistant.azure import Model
    from mediavault_tui.metadata.edge import Edge
    from mediavault_tui.probe.ffprobe import Prober
    from mediavault_tui.services.asking import Asking
    from mediavault_tui.services.chat.conversations import Chat
    from mediavault_tui.services.configuration import Configuration
    from mediavault_tui.services.dedupe import Dedupe
    from mediavault_tui.services.library import Library
    from mediavault_tui.services.nas.shares import Nas
    from mediavault_tui.services.pictures import Pictures
    from mediavault_tui.services.renaming.rename import Renaming
    from mediavault_tui.services.scanning.far import FarPolicy
    from mediavault_tui.services.scanning.scan import Scanner
    from mediavault_tui.services.staging.moves import Step
    from mediavault_tui.services.staging.stage import Stage
    from mediavault_tui.services.titles.choosing import Choosing
    from mediavault_tui.services.titles.metadata import Metadata
    from mediavault_tui.services.titles.ratings import RatingsBatch
    from mediavault_tui.services.titles.world import World
    from mediavault_tui.services.undoing import Undoing
    from mediavault_tui.services.vault import Lazy, Vault
    from mediavault_tui.services.watching import Watching
    from mediavault_tui.store.asking import Reader


def load_settings() -> Settings:
    """Read `.env` of the working folder (or above) under the real environment.

    Raises: ConfigError, also for a `.env` that is no readable text.
    """
    _, file = _env_file()
    return settings_module.from_env({**file, **os.environ})


def _env_file() -> tuple[str, dict[str, str]]:
    """Return the path of `.env`, empty if there is none, and what stands in it."""
    found = find_dotenv(usecwd=True)
    try:
        return found, {k: v for k, v in dotenv_values(found).items() if v is not None} if found else {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{found} cannot be read as settings ({error}); correct or remove it") from error


def env_file() -> Path | None:
    """Return where the `.env` is that is read; None if there is none."""
    found = find_dotenv(usecwd=True)
    return Path(found) if found else None


def origins(settings: Settings) -> dict[str, str]:
    """Return where each variable's value came from, but for those that have their default."""
    path, file = _env_file()
    loaded = settings_module.from_env({**file, **os.environ})
    came: dict[str, str] = {}
    for setting in fields(Settings):
        variable = setting.metadata["variable"]
        if getattr(settings, setting.name) != getattr(loaded, setting.name):
            came[variable] = "this run"
        elif {**file, **os.environ}.get(variable, "").strip():
            came[variable] = "environment" if variable in os.environ else path
    return came


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """Yield the migrated database: DATABASE_URL's, else the embedded server's."""
    async with AsyncExitStack() as stack:
        if settings.database_url is not None:
            url = settings.database_url.reveal()
        else:
            url = await stack.enter_async_context(serve(settings.data_dir, pg_bin=settings.pg_bin))
        await migrate(url)
        database = await Database.connect(url)
        stack.push_async_callback(database.close)
        yield database


def library(database: Database, settings: Settings) -> Library:
    """Build the reader of the inventory; light, for the first rows wait for it."""
    from mediavault_tui.domain.quality import weighted
    from mediavault_tui.services.library import Library

    return Library(database, weighted(settings.weights))


def dedupe(database: Database, settings: Settings) -> Dedupe:
    """Build the finder of groups with the user's languages and thresholds."""
    from mediavault_tui.services.dedupe import Dedupe
    from mediavault_tui.services.rehearsal import policy_of

    return Dedupe(database, policy_of(settings), threshold=settings.fuzzy_match_threshold)


def configuration(database: Database, settings: Settings) -> Configuration:
    """Build what tells of the settings, tests the tools, and rehearses other rules."""
    from mediavault_tui.services.configuration import Configuration

    path, _ = _env_file()
    return Configuration(
        database, settings, origins=origins(settings), env_file=Path(path) if path else Path.cwd() / ".env"
    )


@asynccontextmanager
async def open_nas(database: Database, settings: Settings) -> AsyncIterator[Nas]:
    """Yield what knows every share; nothing is contacted before somebody asks for a file."""
    from mediavault_tui.services.nas.shares import Nas

    nas = Nas(database, settings)
    try:
        await nas.load()
        yield nas
    finally:
        nas.close()


def stage(
    database: Database, settings: Settings, nas: Nas | None = None, *, step: Step | None = None
) -> Stage:
    """Build the mover of files, with what it may not touch; without `nas` on this machine only.

    `step` is for tests, which stop the program there.
    """
    from mediavault_tui.services.staging.moves import no_step
    from mediavault_tui.services.staging.stage import Stage
    from mediavault_tui.sources.local.source import LocalSource

    return Stage(
        database,
        nas.places if nas else LocalSource(),
        staging_path=settings.staging_path,
        staging_of=nas.staging_of if nas else None,
        protected=_protected(settings, nas),
        read_only=settings.read_only,
        retention_days=settings.retention_days,
        step=step or no_step,
    )


def _protected(settings: Settings, nas: Nas | None) -> tuple[Path, ...]:
    return _located(settings.protected, nas)


def _located(folders: Sequence[Path], nas: Nas | None) -> tuple[Path, ...]:
    """Return folders of the settings, those of a share by their located paths."""
    if nas is None:
        return tuple(folders)
    return tuple(Path(os.fsdecode(nas.names.located(os.fsencode(path)))) for path in folders)


def scanner(
    database: Database,
    settings: Settings,
    *,
    probe: bool = True,
    match: bool = True,
    readers: int | None = None,
    nas: Nas | None = None,
    far: FarPolicy | None = None,
) -> Scanner:
    """Build the scanner; with `match` its groups are found anew at the end of every scan.

    Without `nas` it scans this machine only; `far` is how a share is read, as the settings say by default.
    Raises: ToolMissing without ffprobe and ffmpeg, unless `probe` is off.
    """
    from mediavault_tui.domain.quality import weighted
    from mediavault_tui.services.scanning.far import FarPolicy
    from mediavault_tui.services.scanning.scan import Scanner
    from mediavault_tui.sources.local.source import LocalSource

    asked = FarPolicy(budget=settings.nas_budget, window=settings.nas_window, readers=settings.nas_readers)
    return Scanner(
        database,
        nas.places if nas else LocalSource(),
        _prober(settings) if probe else None,
        readers=readers or settings.readers,
        staging_path=settings.staging_path,
        staging_of=nas.staging_of if nas else None,
        far=far or asked,
        quality=weighted(settings.weights),
        mounts_of=nas.mounts_of if nas else lambda _source: (),
        protected=_protected(settings, nas),
        excluded=_located([path for path in settings.exclude if len(path.parts) > 1], nas),
        excluded_names=[path.name for path in settings.exclude if len(path.parts) == 1],
        dedupe=dedupe(database, settings).refresh if match else None,
    )


def watching(database: Database, settings: Settings) -> Watching:
    """Build the maker of links. Raises: ConfigError where no secret can be kept."""
    from mediavault_tui.services.keys import signing_secret
    from mediavault_tui.services.preview import PreviewLinks
    from mediavault_tui.services.watching import Watching

    links = PreviewLinks(database, signing_secret(settings), base_url=settings.base_url)
    return Watching(links, library(database, settings), settings)


@asynccontextmanager
async def metadata(database: Database, settings: Settings) -> AsyncIterator[Metadata]:
    """Yield the service that asks TMDb; without a key it answers from what is kept."""
    from mediavault_tui.services.titles.metadata import Metadata
    from mediavault_tui.services.titles.world_gate import Answers

    if settings.tmdb_token is None and settings.tmdb_key is None:
        yield Metadata(database, Answers(database, None))
        return
    async with _tmdb(database, settings) as edge:
        yield Metadata(database, Answers(database, edge))


def world(database: Database, settings: Settings) -> World:
    """Build what the app asks of the world; it connects when a person searches or looks at a poster."""
    from mediavault_tui.metadata.images import Images
    from mediavault_tui.services.titles.metadata import Metadata
    from mediavault_tui.services.titles.posters import Posters
    from mediavault_tui.services.titles.world import World
    from mediavault_tui.services.titles.world_gate import Answers

    known = settings.tmdb_token is not None or settings.tmdb_key is not None
    # A person waits: ten seconds without an answer are a sentence, not a pause.
    edge = _tmdb(database, settings, patience=10.0) if known else None
    images = partial(Images, settings.tmdb_image_url) if known else None
    return World(
        Metadata(database, Answers(database, edge)), Posters(settings.cache_dir / "posters", images), edge
    )


def kept_metadata(database: Database) -> Metadata:
    """Build the reader of what TMDb and OMDb said before; it asks nobody."""
    from mediavault_tui.services.titles.metadata import Metadata
    from mediavault_tui.services.titles.world_gate import Answers

    return Metadata(database, Answers(database, None))


@asynccontextmanager
async def ratings(database: Database, settings: Settings) -> AsyncIterator[RatingsBatch]:
    """Yield the daily batch. Raises: ConfigError without OMDB_API_KEY."""
    from mediavault_tui.metadata.edge import Edge
    from mediavault_tui.metadata.gate import OMDB
    from mediavault_tui.services.titles.ratings import RatingsBatch
    from mediavault_tui.services.titles.world_gate import DatabaseGate

    if settings.omdb_key is None:
        raise ConfigError(
            "OMDB_API_KEY is not set: get a key at omdbapi.com/apikey.aspx and put it into .env"
        )
    secret = {"apikey": settings.omdb_key.reveal()}
    gate = DatabaseGate(database)
    async with (
        metadata(database, settings) as titles,
        Edge("OMDb", settings.omdb_url, gate, OMDB, secret_params=secret) as edge,
    ):
        yield RatingsBatch(database, edge, titles)


def _tmdb(database: Database, settings: Settings, *, patience: float = 300.0) -> Edge:
    from mediavault_tui.metadata.edge import Edge
    from mediavault_tui.metadata.gate import TMDB
    from mediavault_tui.services.titles.world_gate import DatabaseGate

    gate = DatabaseGate(database)
    if settings.tmdb_token is not None:
        headers = {"Authorization": f"Bearer {settings.tmdb_token.reveal()}"}
        return Edge("TMDb", settings.tmdb_url, gate, TMDB, headers=headers, patience=patience)
    assert settings.tmdb_key is not None
    key = {"api_key": settings.tmdb_key.reveal()}
    return Edge("TMDb", settings.tmdb_url, gate, TMDB, secret_params=key, patience=patience)


def renaming(
    database: Database, settings: Settings, nas: Nas | None = None, *, step: Step | None = None
) -> Renaming:
    """Build the renamer of files, with what it may not touch; without `nas` on this machine only."""
    from mediavault_tui.services.renaming.rename import Renaming
    from mediavault_tui.services.staging.moves import no_step
    from mediavault_tui.sources.local.source import LocalSource

    return Renaming(
        database,
        nas.places if nas else LocalSource(),
        protected=_protected(settings, nas),
        read_only=settings.read_only,
        step=step or no_step,
    )


def undoing(
    database: Database,
    *,
    stage: Callable[[], Awaitable[Stage]],
    dedupe: Callable[[], Awaitable[Dedupe]],
) -> Undoing:
    """Build what takes back the last act of any kind."""
    from mediavault_tui.services.undoing import Undoing

    async def choosing() -> Choosing:
        return kept_metadata(database).choosing

    return Undoing(database, stage=stage, dedupe=dedupe, choosing=choosing)


def pictures(settings: Settings, nas: Nas) -> Pictures:
    """Build the maker of frames; what it made is kept in the data folder."""
    from mediavault_tui.probe.picture import Painter
    from mediavault_tui.probe.tone import Tables
    from mediavault_tui.services.pictures import Pictures

    painter = Painter(ffmpeg=settings.ffmpeg, tables=Tables(settings.data_dir / "tone"))
    return Pictures(painter, settings.data_dir / "frames", places=nas.places)


def _prober(settings: Settings) -> Prober:
    from mediavault_tui.probe.ffprobe import Prober
    from mediavault_tui.probe.tools import find_tool

    return Prober(
        ffprobe=find_tool("ffprobe", settings.ffprobe),
        ffmpeg=find_tool("ffmpeg", settings.ffmpeg),
        workers=max(2, os.cpu_count() or 2),
    )


def asking(database: Database, settings: Settings, reader: Reader) -> Asking:
    """Build what answers questions from the database alone, as the role that only reads views."""
    from mediavault_tui.services.asking import Asking

    finder = dedupe(database, settings)
    return Asking(database, reader, library(database, settings), finder, languages=settings.languages)


def chat(database: Database, settings: Settings, reader: Reader, model: Model | None, *, who: str) -> Chat:
    """Build the conversations; without a model they only say what to set."""
    from mediavault_tui.services.chat.conversations import Chat

    answers = asking(database, settings, reader)
    return Chat(database, answers, model, who=who, tokens_per_day=settings.azure_tokens_per_day)


def _model(settings: Settings) -> Model | None:
    """Build the client of the language model; None, and nothing is imported for it, where none is set."""
    if settings.openai_url is None and settings.azure_endpoint is None:
        return None
    from mediavault_tui.assistant.azure import Model, endpoint_of

    endpoint = endpoint_of(settings)
    return Model(endpoint) if endpoint else None


@asynccontextmanager
async def open_asking(database: Database, settings: Settings) -> AsyncIterator[tuple[Reader, Model | None]]:
    """Yield what asks the database and the language model; neither connects before it is asked."""
    from mediavault_tui.store.asking import Reader

    secret = settings.reader_password
    model = _model(settings)
    async with AsyncExitStack() as stack:
        reader = Reader(database, password=secret.reveal() if secret else None)
        stack.push_async_callback(reader.close)
        if model is not None:
            stack.push_async_callback(model.close)
        yield reader, model


@asynccontextmanager
async def open_vault(
    settings: Settings, *, who: str, within: Sequence[Path] | None = None
) -> AsyncIterator[Vault]:
    """Yield the library as the app sees it: the database open, every service built at its first use.

    `within`: nothing but these folders may be scanned.
    """
    from mediavault_tui.services.vault import Lazy, Services, Vault

    async with (
        open_database(settings) as database,
        open_nas(database, settings) as nas,
        open_asking(database, settings) as (reader, model),
        AsyncExitStack() as stack,
    ):
        finder = Lazy(partial(dedupe, database, settings))
        mover = Lazy(partial(stage, database, settings, nas))
        namer = Lazy(partial(renaming, database, settings, nas))
        opener = Lazy(partial(watching, database, settings))
        asked = Lazy(partial(world, database, settings))
        services = Services(
            library=Lazy(partial(library, database, settings)),
            dedupe=finder,
            stage=mover,
            undoing=Lazy(partial(undoing, database, stage=mover, dedupe=finder)),
            scanner=Lazy(partial(scanner, database, settings, nas=nas)),
            watching=opener,
            asking=Lazy(partial(asking, database, settings, reader)),
            chat=Lazy(partial(chat, database, settings, reader, model, who=who)),
            nas=nas,
            metadata=Lazy(partial(kept_metadata, database)),
            world=asked,
            renaming=namer,
            pictures=Lazy(partial(pictures, settings, nas)),
            configuration=Lazy(partial(configuration, database, settings)),
        )
        for service in (asked, opener, namer, mover):  # acts are waited for first, whatever becomes of it
            stack.push_async_callback(_close, service)
        yield Vault(
            services,
            who=who,
            read_only=settings.read_only,
            listen=lambda heard: database.listen("mediavault", heard),
            within=within,
        )


class _Closing(Protocol):
    async def close(self) -> None: ...


async def _close(service: Lazy[_Closing]) -> None:
    """Close a service if anybody has asked for it."""
    if (built := service.built) is not None:
        await built.close()
