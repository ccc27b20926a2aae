"""What every job shares: inputs, options, counters, the bad-image policy, shipping, runners."""
