"""What every room's tests share: golden files, a study to disturb, and which tests run beside each other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cluster import small_study

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser):
    """Renewing golden files is asked for by name, never done in passing."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files of the tests that run")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Tests that start clusters or kill processes mostly wait: they run one after another, beside all the others.

    Slurm's and DeepSpeed's are among the others, so that both halves take about as long.
    """
    from xdist.scheduler import LoadScopeScheduling

    class BesideClusters(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            starts_cluster = nodeid.startswith(("tests/chaos/", "tests/cluster/"))
            apart = starts_cluster and "test_slurm" not in nodeid and "test_deepspeed" not in nodeid
            return "processes" if apart else nodeid

    return BesideClusters(config, log)


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
