"""Verified copies between file systems, and files that appear under their names only when whole."""
