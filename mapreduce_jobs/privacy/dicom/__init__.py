"""De-identification of DICOM data sets."""
