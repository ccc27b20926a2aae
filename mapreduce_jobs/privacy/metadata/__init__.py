"""Removal of metadata from files that are not DICOM: a format a module."""
