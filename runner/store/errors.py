"""The errors of a store that cannot be used as asked."""

from __future__ import annotations


class StoreError(RuntimeError):
    """A store that cannot be used as asked: says what is wrong and what to do."""

    exit_status = 2
