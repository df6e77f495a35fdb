"""Which title a file is, by TMDb and OMDb, and who chose it."""
