"""The sidecar: serves a library's files over HTTP by byte range, to those who may look.

It may import everything but the terminal app and the language model (checked by import-linter).
"""
