"""Pipelines of operations, read from text."""
