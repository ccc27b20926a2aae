"""The record line, and bundles of records: pack, unpack, read by an index."""
