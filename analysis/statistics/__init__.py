"""Numbers that SQL does not give: intervals, tests, noise floors, families of hypotheses."""
