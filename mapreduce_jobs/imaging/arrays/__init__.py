"""What operations and measures compute with: frames, kernels, transfer functions, parameters."""
