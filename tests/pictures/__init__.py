"""Pictures of every state of the window, made by one command: `make pictures`."""
