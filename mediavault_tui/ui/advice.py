"""What a person can do about an error, by its kind."""

from __future__ import annotations

from mediavault_tui import errors

_ADVICE: tuple[tuple[type[errors.MediaVaultError], str], ...] = (
    (errors.ConfigError, "Correct the setting in the environment or in .env, then start again."),
    (errors.SourceMissing, "Look whether the file was moved or renamed; scan again in the pane Scanner."),
    (errors.SourceDenied, "Give this user the right to the file or folder, then try again."),
    (errors.SourceBusy, "Wait a little, then try again; NAS_READERS says how much is asked for at once."),
    (errors.SourceOffline, "Connect or mount the folder, then try again. Nothing was marked as gone."),
    (errors.SourceChanged, "Scan again in the pane Scanner: the file is not the one that was compared."),
    (errors.SourceTaken, "Move away or rename what is in the place; nothing is ever overwritten."),
    (errors.SourceFull, "Make room at the destination or make it writable, then try again."),
    (errors.CrossVolume, "Set a holding folder on the volume of the file, or copy it there yourself."),
    (errors.SourceError, "Look whether the file or folder can be read and written, then try again."),
    (errors.ProbeError, "Play the file: if it plays, scan it again; if not, it is broken."),
    (errors.DatabaseDown, "Start the database or correct DATABASE_URL, then try again."),
    (errors.SchemaMismatch, "Use the version of MediaVault that made this library, or a newer one."),
    (errors.DatabaseError, "Try again; if it comes back, look at the database's log."),
    (
        errors.AssistantDenied,
        "Correct the chat's settings in .env, or ask in other words; /stats and /sql work without.",
    ),
    (errors.AssistantBusy, "Wait a little and ask again; /stats, /sql and /find work meanwhile."),
    (errors.AssistantError, "Ask again; /stats, /sql and /find work without the language model."),
    (errors.BudgetSpent, "Go on tomorrow; what was found out until now is kept."),
    (errors.ServiceRefused, "Look at the keys of TMDb and OMDb in .env; all else works without them."),
    (errors.MetadataError, "Try again later; all else works without TMDb and OMDb."),
    (errors.ToolMissing, "Install the program, or set the path to it in the settings."),
    (errors.UsageError, "Ask for something else, or read the pane anew and try again."),
    (errors.Denied, "Log in with an account that may do this; `mediavault users list` names them."),
    (
        errors.ReadOnly,
        "Start without --read-only, or take MEDIAVAULT_READ_ONLY out of .env, to change it.",
    ),
    (errors.Refused, "Nothing was done. Choose otherwise, or look at the group once more."),
)


def advice(error: errors.MediaVaultError) -> str:
    """Return one sentence: the first step out."""
    return next((text for kind, text in _ADVICE if isinstance(error, kind)), "Nothing was done; try again.")
