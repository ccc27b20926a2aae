"""Results as tables: in notebooks, and as CSV, Parquet and npz files."""
