"""The folders of this machine."""
