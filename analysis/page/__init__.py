"""The page of a report: findings, warnings, tables, figures and the explorer of examples, in one file of HTML."""
