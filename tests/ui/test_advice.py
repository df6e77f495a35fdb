"""Every error of ours leads somewhere: its panel says the first step out."""

from __future__ import annotations

import pytest

from mediavault_tui import errors
from mediavault_tui.ui.advice import advice

FIRST_STEP = {
    errors.ConfigError: ".env",
    errors.UsageError: "Ask for something else",
    errors.SourceError: "can be read and written",
    errors.SourceMissing: "moved or renamed",
    errors.SourceDenied: "the right",
    errors.SourceOffline: "mount",
    errors.SourceBusy: "Wait a little",
    errors.SourceChanged: "Scan again",
    errors.SourceTaken: "Move away",
    errors.CrossVolume: "holding folder",
    errors.SourceFull: "Make room",
    errors.ProbeError: "Play the file",
    errors.ProbeTimeout: "Play the file",
    errors.ProbeCrashed: "Play the file",
    errors.DatabaseError: "database's log",
    errors.DatabaseDown: "Start the database",
    errors.SchemaMismatch: "version of MediaVault",
    errors.AssistantError: "Ask again",
    errors.AssistantDenied: "chat's settings",
    errors.AssistantBusy: "Wait a little",
    errors.AssistantDown: "Ask again",
    errors.MetadataError: "later",
    errors.ServiceDown: "later",
    errors.ServiceRefused: "keys of TMDb and OMDb in .env",
    errors.BudgetSpent: "tomorrow",
    errors.ToolMissing: "Install",
    errors.Denied: "Log in",
    errors.ReadOnly: "Start without --read-only",
    errors.Refused: "Nothing was done",
}


def tree(base: type[errors.MediaVaultError]) -> set[type[errors.MediaVaultError]]:
    return {kind for each in base.__subclasses__() for kind in {each} | tree(each)}


def test_the_table_has_every_error() -> None:
    ours = {kind for kind in tree(errors.MediaVaultError) if kind.__module__ == errors.__name__}
    assert FIRST_STEP.keys() == ours


@pytest.mark.parametrize("kind", FIRST_STEP, ids=lambda kind: kind.__name__)
def test_every_error_has_advice_that_fits(kind: type[errors.MediaVaultError]) -> None:
    error = errors.ReadOnly() if kind is errors.ReadOnly else kind("it went wrong")
    assert FIRST_STEP[kind] in advice(error)
