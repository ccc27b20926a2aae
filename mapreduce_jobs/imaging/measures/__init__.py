"""Measures of images: histograms, edges, quality, features, hashes, classes of pixels."""
