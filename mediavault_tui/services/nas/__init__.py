"""The shares of a person's NAS."""
