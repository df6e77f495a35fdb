"""Which files have equal bytes."""
