"""The queue, its store and its image engine; nothing in here knows of Qt."""
