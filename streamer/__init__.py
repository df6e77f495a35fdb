"""The sidecar's place: it will serve a library's files over HTTP by byte range.

It may import `services.preview`, `services.accounts`, `store`, `sources`, `settings`
and `domain`; nothing of the terminal app (checked by import-linter).
"""
