"""Sweep a plan into a store: what is missing is handed to Ray Tune, parents before their children."""
