"""DICOM: files, headers, pixels, values, and the geometry of series."""
