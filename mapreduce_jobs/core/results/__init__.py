"""Lines of results: their protocols, kinds and values."""
