"""The window onto the queue."""
