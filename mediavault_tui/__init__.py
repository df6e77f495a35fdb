"""MediaVault: duplicates in a video library, found, compared and staged; never deleted by itself."""

__version__ = "0.1.0"
