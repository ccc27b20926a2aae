"""Errors of the benchmarks."""


class BenchmarkError(Exception):
    """What ends the benchmarks; the message is a sentence for whoever runs them."""
