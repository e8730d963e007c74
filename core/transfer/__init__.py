"""Sends the waiting jobs of a queue on in a file, and takes those of another queue in."""
