"""DICOM series: where slices lie, which of them belong together, and the volumes they make."""
