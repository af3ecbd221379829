"""A cache of their own for these tests, and the real data beside the repository where it is present."""

from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock

from tasks.registry_packages import cache_folder

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@pytest.fixture(scope="session")
def common_cache(common_folder):
    """An empty cache of all workers, but with the user's fetched packages: nothing is downloaded or parsed twice."""
    folder = common_folder / "cache"
    packages = cache_folder() / "packages"
    with FileLock(common_folder / "cache.lock"):
        if not folder.exists():
            packages.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
            (folder / "packages").symlink_to(packages)
    return folder


@pytest.fixture(scope="module", autouse=True)
def session_cache(common_cache):
    """The cache of all these tests; the environment names it while they run and no longer: others have theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIESWEEP_CACHE", str(common_cache))
        yield common_cache


def shared(*parts: str) -> Path:
    """A path below the shared data; the test is skipped where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs the user's copy of {parts[0]} at {path}")
    return path
