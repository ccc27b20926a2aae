"""Sections of a report, one for each kind of result."""
