"""Image files that are not DICOM: sniffing, decoding, encoding; a format a module."""
