"""Prune a network while it is trained: what may go, how much of it when, by which score, and what removal means."""
