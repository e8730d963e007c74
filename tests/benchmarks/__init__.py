"""Measures how fast the app is: `make bench` prints one table. No test runs these."""
