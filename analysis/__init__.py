"""Ask a store: relations and views in SQL, statistics over them, tables, figures, the report."""
