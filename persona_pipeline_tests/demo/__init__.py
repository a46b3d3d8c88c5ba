"""Tests of the affinity room."""
