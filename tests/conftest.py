"""What every room's tests share: golden files and a study to disturb."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cluster import small_study

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser):
    """Renewing golden files is asked for by name, never done in passing."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files of the tests that run")


@pytest.fixture
def golden(request):
    """Compare a JSON value with the golden file of that name; a missing file fails."""

    def compare(name, found):
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        assert path.exists(), f"{path} is missing; look at what is new, then run pytest --update-golden"
        assert found == json.loads(path.read_text(encoding="utf-8"))

    return compare


@pytest.fixture(scope="session")
def survival_study(tmp_path_factory):
    """The study that tests disturb."""
    path = tmp_path_factory.mktemp("study") / "survival.yaml"
    path.write_text(small_study.STUDY)
    return path


@pytest.fixture(scope="session")
def undisturbed(survival_study, tmp_path_factory):
    """The store that two workers make of it on this machine when nobody disturbs them."""
    store = tmp_path_factory.mktemp("undisturbed") / "store"
    done = small_study.run(survival_study, store)
    assert done.returncode == 0, done.stderr
    return store


@pytest.fixture(scope="session")
def undisturbed_digest(undisturbed):
    """What every disturbed store of this study must come to."""
    return small_study.digest(undisturbed)
