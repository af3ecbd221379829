"""Simulate worlds like a store's own, and count how often its intervals and tests err there."""
