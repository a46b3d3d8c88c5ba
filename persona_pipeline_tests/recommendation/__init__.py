"""Tests of the recommendation room."""
