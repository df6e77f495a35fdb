"""A share over SMB 2 and 3."""
