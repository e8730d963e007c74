"""From what was dropped, pasted or named on a command line to sources in the queue."""
