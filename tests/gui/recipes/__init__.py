"""Tests of the recipe editor."""
