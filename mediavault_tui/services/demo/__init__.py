"""A small library of real files, made on the spot."""
