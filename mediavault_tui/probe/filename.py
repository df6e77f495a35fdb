"""What a file's name says: our own rules first, guessit for what they leave."""

from __future__ import annotations

from datetime import date
from typing import Any

from mediavault_tui.domain.model import Identity, Kind, ReleaseSource


def to_json(identity: Identity) -> dict[str, Any]:
    """Return the identity as JSON values: for the cache `name_guesses` and the command line."""
    return {
        "kind": identity.kind.value,
        "title": identity.title,
        "year": identity.year,
        "country": identity.country,
        "season": identity.season,
        "episodes": list(identity.episodes),
        "air_date": identity.air_date.isoformat() if identity.air_date else None,
        "edition": identity.edition,
        "part": identity.part,
        "three_d": identity.three_d,
        "extra": identity.extra,
        "ids": {
            name: value
            for name, value in (
                ("tmdb", identity.tmdb_id),
                ("imdb", identity.imdb_id),
                ("tvdb", identity.tvdb_id),
            )
            if value is not None
        },
        "release_source": identity.release_source.value if identity.release_source else None,
        "confidence": identity.confidence,
        "evidence": list(identity.evidence),
    }


def from_json(data: dict[str, Any]) -> Identity:
    """Read back what `to_json` made; a KeyError or ValueError means that it was something else."""
    ids = data["ids"]
    return Identity(
        kind=Kind(data["kind"]),
        title=data["title"],
        year=data["year"],
        country=data["country"],
        season=data["season"],
        episodes=tuple(data["episodes"]),
        air_date=date.fromisoformat(data["air_date"]) if data["air_date"] else None,
        edition=data["edition"],
        part=data["part"],
        three_d=data["three_d"],
        extra=data["extra"],
        tmdb_id=ids.get("tmdb"),
        imdb_id=ids.get("imdb"),
        tvdb_id=ids.get("tvdb"),
        release_source=ReleaseSource(data["release_source"]) if data["release_source"] else None,
        confidence=data["confidence"],
        evidence=tuple(data["evidence"]),
    )
