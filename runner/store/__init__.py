"""A store: the rows, commit records, plans and tasks of a study, written exactly once and checked when read."""
