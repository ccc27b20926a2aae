"""Decoders of compressed pixels: they know bytes and arrays, and nothing of files."""
