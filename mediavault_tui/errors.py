"""Everything that MediaVault raises on purpose; one branch for each thing a caller can do about it.

MediaVaultError
├── ConfigError              a setting is wrong: correct the environment or `.env`   (exit 2)
├── UsageError               what was asked for cannot be: ask differently           (exit 2)
├── SourceError              a file or folder cannot be used                         (exit 1)
│   ├── SourceMissing        it is not there (any more)
│   ├── SourceDenied         the operating system refuses access
│   ├── SourceOffline        a whole root is missing, empty or erring: mark nothing gone
│   │   └── SourceBusy       its server has no room for more at this moment: wait, ask for less
│   ├── SourceChanged        it is not the file that was looked at before
│   ├── SourceTaken          the name at the destination is in use; nothing is overwritten
│   ├── CrossVolume          source and destination are on different volumes: copy instead
│   └── SourceFull           no room, or read-only, at the destination
├── ProbeError               a file does not say what it is                          (exit 1)
│   ├── ProbeTimeout         …within its deadline
│   └── ProbeCrashed         …and the program that asks dies of it: quarantine the file
├── DatabaseError            the database refuses or fails                           (exit 1)
│   ├── DatabaseDown         it cannot be reached: start it, correct DATABASE_URL
│   └── SchemaMismatch       its migrations are not those of this program
├── AssistantError           the language model does not answer                      (exit 1)
│   ├── AssistantDenied      key, deployment or content refused: correct the setting, ask otherwise
│   ├── AssistantBusy        too many questions, or the day's budget is spent: wait
│   └── AssistantDown        it cannot be reached, breaks off or fails: try again
├── MetadataError            TMDb or OMDb gives no answer                            (exit 1)
│   ├── ServiceDown          it cannot be reached, or is out of order: try again later
│   ├── ServiceRefused       it does not accept our key or our question
│   └── BudgetSpent          the day's requests are used up: go on tomorrow
├── ToolMissing              a program (ffprobe, postgres) is nowhere to be found    (exit 1)
├── Denied                   who asks is not known, or may not: log in              (exit 1)
└── Refused                  a rule of the library forbids the act: nothing was done (exit 1)
    └── ReadOnly             so does --read-only, or MEDIAVAULT_READ_ONLY

The message is one sentence for a person: what, where, what to do. It never holds a
secret. Drivers' errors become these at the edge, with `raise … from error`.
"""

from __future__ import annotations


class MediaVaultError(Exception):
    """The base: catch this to show any expected failure."""

    exit_code = 1


class ConfigError(MediaVaultError):
    """One or more settings are wrong; the message names every one of them."""

    exit_code = 2


class UsageError(MediaVaultError):
    """The request itself makes no sense: an unknown id, a path that is no folder."""

    exit_code = 2


class SourceError(MediaVaultError):
    """A file or folder cannot be used."""


class SourceMissing(SourceError):
    """The file or folder is not there (any more)."""


class SourceDenied(SourceError):
    """The operating system refuses access."""


class SourceOffline(SourceError):
    """A whole root is missing, empty or erring; nothing below it may be marked gone."""


class SourceBusy(SourceOffline):
    """The server of a share is out of resources; the same question may be asked a little later."""


class SourceChanged(SourceError):
    """The file differs from the one that was looked at before."""


class SourceTaken(SourceError):
    """The name at the destination is in use; nothing is ever overwritten."""


class CrossVolume(SourceError):
    """Source and destination are on different volumes; a rename cannot join them."""


class SourceFull(SourceError):
    """The destination has no room or may not be written."""


class ProbeError(MediaVaultError):
    """A file does not say what it is."""


class ProbeTimeout(ProbeError):
    """A file did not say what it is within its deadline."""


class ProbeCrashed(ProbeError):
    """The program that reads the file died of a signal."""


class DatabaseError(MediaVaultError):
    """The database refuses or fails."""


class DatabaseDown(DatabaseError):
    """The database cannot be reached."""


class SchemaMismatch(DatabaseError):
    """The database's migrations are not those of this program."""


class AssistantError(MediaVaultError):
    """The language model does not answer."""


class AssistantDenied(AssistantError):
    """The endpoint refuses the key, the deployment or the content."""


class AssistantBusy(AssistantError):
    """Too many questions at once, or the day's budget is spent."""


class AssistantDown(AssistantError):
    """The endpoint cannot be reached, stalls, breaks off or fails."""


class MetadataError(MediaVaultError):
    """TMDb or OMDb gives no answer."""


class ServiceDown(MetadataError):
    """The service cannot be reached or is out of order; the same question may be asked later."""


class ServiceRefused(MetadataError):
    """The service does not accept our key or our question."""


class BudgetSpent(MetadataError):
    """The requests that a day allows are used up."""


class ToolMissing(MediaVaultError):
    """A program that the work needs is nowhere to be found."""


class Denied(MediaVaultError):
    """Who asks is not known, or may not have what was asked for."""


class Refused(MediaVaultError):
    """A rule of the library forbids the act; nothing was done."""


class ReadOnly(Refused):
    """The program was told to change nothing; its sentence is the same wherever that is said."""

    def __init__(self) -> None:
        super().__init__("Read-only, by --read-only or MEDIAVAULT_READ_ONLY: nothing is changed")
