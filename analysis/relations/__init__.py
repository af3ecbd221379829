"""A store as relations of DuckDB: what is committed, checked and read, and the views over it."""
