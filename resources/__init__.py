"""Icons, built-in recipes and what else the app carries as files."""
