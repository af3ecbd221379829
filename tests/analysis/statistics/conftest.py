"""Small matrices are multiplied by one thread each, as the survey of a store has it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="package")
def one_thread() -> Iterator[None]:
    """One thread for linear algebra."""
    with threadpool_limits(1, "blas"):
        yield
