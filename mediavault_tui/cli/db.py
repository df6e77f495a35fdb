"""`mediavault db migrate|status|url`: the database, for administrators and scripts."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict

from mediavault_tui.settings import Settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the three acts."""
    parser.epilog = "Exit code 1: it cannot be reached, or its schema is not this program's."
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    acts.add_parser("migrate", help="bring the schema up to this program; safe to repeat")
    status = acts.add_parser("status", help="each migration, each table and its rows; changes nothing")
    status.add_argument("--json", action="store_true", help="one JSON document")
    url = acts.add_parser("url", help="the database's address")
    url.add_argument("--with-password", action="store_true", help="include the password")


def run(args: argparse.Namespace) -> int:
    """Do one act."""
    from mediavault_tui.bootstrap import load_settings

    settings = load_settings()
    if args.act == "migrate":
        asyncio.run(_migrate(settings))
    elif args.act == "status":
        asyncio.run(_status(settings, as_json=args.json))
    else:
        asyncio.run(_url(settings, with_password=args.with_password))
    return 0


@asynccontextmanager
async def _address(settings: Settings) -> AsyncIterator[str]:
    """Yield DATABASE_URL, else the embedded server's address while it runs; migrates nothing."""
    from mediavault_tui.store.embedded import serve

    if settings.database_url is not None:
        yield settings.database_url.reveal()
        return
    async with serve(settings.data_dir, pg_bin=settings.pg_bin) as url:
        yield url


async def _migrate(settings: Settings) -> None:
    from mediavault_tui.store.migrate import migrate

    async with _address(settings) as url:
        applied = await migrate(url)
    for migration in applied:
        print(f"{migration.version:04}_{migration.name} applied in {migration.seconds:.2f} s")
    if not applied:
        print("the schema is up to date")


async def _status(settings: Settings, *, as_json: bool) -> None:
    from mediavault_tui.store.migrate import status, table_counts

    async with _address(settings) as url:
        migrations = await status(url)
        tables = await table_counts(url)
    if as_json:
        document = {
            "migrations": [asdict(m) for m in migrations],
            "tables": {t.table: t.rows for t in tables},
        }
        print(json.dumps(document, indent=2, default=lambda moment: moment.isoformat()))
        return
    for migration in migrations:
        when = f"{migration.applied_at:%Y-%m-%d %H:%M:%S} UTC" if migration.applied_at else "to be applied"
        print(f"{migration.version:04}_{migration.name:<40} {when}")
    for table in tables:
        print(f"{table.table:<45} {table.rows:>12,} rows")


async def _url(settings: Settings, *, with_password: bool) -> None:
    async with _address(settings) as url:
        print(url if with_password else without_password(url))


def without_password(url: str) -> str:
    """Return `url` with no password in it: neither behind the user's name nor in the query."""
    place, mark, query = url.partition("?")
    scheme, _, rest = place.partition("://")
    credentials, at, host = rest.rpartition("@")
    kept = [part for part in query.split("&") if not part.startswith(("password=", "sslpassword="))]
    return f"{scheme}://{credentials.partition(':')[0]}{at}{host}{mark if query else ''}{'&'.join(kept)}"
