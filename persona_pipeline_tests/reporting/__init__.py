"""Tests of the reporting room."""
