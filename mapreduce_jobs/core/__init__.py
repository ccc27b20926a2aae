"""Base of every job: inputs, options, counters, the bad-image policy, shipping, runners."""
