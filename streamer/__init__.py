"""The sidecar: serves a library's files over HTTP by byte range, to those who may look.

It may import `services.preview`, `services.accounts`, `store`, `sources`, `settings`
and `domain`; nothing of the terminal app (checked by import-linter).
"""
