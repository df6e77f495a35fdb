"""Conversations over the library."""
