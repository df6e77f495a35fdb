"""Every advisory lock of ours, in one table: two of one number would make strangers wait for each other.

A statement in `sql/queries/` has its number written out; a test holds those to this table.
"""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class Lock(IntEnum):
    """The first half, the number, or the seed of a lock, whichever it has.

    PostgreSQL keeps locks of one number apart from locks of two; ours differ all the same.
    """

    MIGRATIONS = 0x6D_6564_6961_7661
    """Who migrates a database. "mediava"."""
    FIRST_USER = 0x6D76_7573_6572
    """Who looks whether a registration is the first. "mvuser"."""
    GROUPS = 7120004502
    """Who finds the groups anew."""
    REQUESTS = 4503
    """With a service's name: who asks it next."""
    OMDB_BATCH = 4504
    """Who works off OMDb."""
    TITLES = 4505
    """Who writes titles and matches."""
    FOLDER = 5527
    """With a folder's path: who chooses names in it."""
    MANIFEST = 5528
    """With a folder's path: who rewrites its manifest."""
    ACTS = 0x4D56 << 40
    """Plus an act's id, which is below 2^40: who carries it out. "MV"."""
    SCANS = 0x4D56_5343
    """And a scan's id, which is 0 for the door to all of them. "MVSC"."""
    INDEXES = 0x4D56_4958
    """And an index's name: who makes it. "MVIX"."""
