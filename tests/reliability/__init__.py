"""Attacks on the promises, and a table of what they did."""
