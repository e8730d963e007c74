"""Links, against a real server on the loopback."""
