"""Tests of what reaches workers on other machines."""
