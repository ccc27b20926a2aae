"""From the pixel data of a DICOM file to its stored values."""
