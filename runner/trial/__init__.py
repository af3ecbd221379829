"""Compute one trial, from its spec to its rows: build, train, prune, answer, commit."""
