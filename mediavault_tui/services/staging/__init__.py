"""What may happen to a file: plan, check, move, record, recover, undo."""
