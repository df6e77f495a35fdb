"""A folder becomes an inventory: walk, compare, hash, identify, probe, match."""
