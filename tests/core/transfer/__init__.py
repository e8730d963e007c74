"""Tests of core/transfer."""
