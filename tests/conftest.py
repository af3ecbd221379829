"""What every room's tests share: golden files and a study to disturb."""

from __future__ import annotations

import functools
import json
import os
import time
from pathlib import Path

import hypothesis
import pytest
import typer.testing
from filelock import FileLock

from tests.cluster import small_study

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser):
    """Renewing golden files is asked for by name, never done in passing."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files of the tests that run")
    parser.addoption("--begin-until", type=float, help="skip tests that would begin after this time, in Unix seconds")


FIRST = (
    "tests/cluster/test_slurm.py",  # waits more than it computes: beside it the next one has the processor
    "tests/chaos/test_survival.py",
)
LONG = (
    "tests/chaos/test_hits.py",
    "tests/chaos/test_surroundings.py",
    "tests/chaos/test_damage_walk.py",
    "tests/cluster/test_jobs.py",
    "tests/chaos/test_object_storage.py",
    "tests/cluster/test_devices.py",
    "tests/chaos/test_upkeep.py",
    "tests/chaos/test_controllers.py",
    "tests/cluster/test_deepspeed.py",
    "tests/cluster/test_two_processes.py",
    "tests/cluster/test_rehearsal.py",
    "tests/cluster/test_tuning.py",
    "tests/cluster/test_nodes.py",
)
"""Files of tests with real processes that take more than a minute, the longest first."""
LONG_UNITS = (
    "tests/runner/trial/test_trainer.py",
    "tests/command_line/test_ending.py",
    "tests/test_extending.py",
    "tests/runner/store/files/test_object_store.py",
    "tests/analysis/test_report.py",
    "tests/runner/store/files/test_faults.py",
    "tests/analysis/examples/test_first_look.py",
    "tests/analysis/test_explanation.py",
    "tests/analysis/relations/test_query.py",
    "tests/command_line/test_processes.py",
    "tests/analysis/test_figures.py",
    "tests/analysis/readability/test_scoring.py",
    "tests/analysis/test_views.py",
    "tests/analysis/relations/test_views_on_demand.py",
    "tests/runner/trial/test_generation.py",
    "tests/runner/store/test_repair.py",
    "tests/analysis/calibration/test_statistics_hold.py",
    "tests/python/test_python.py",
    "tests/runner/store/test_ingest.py",
    "tests/runner/store/compaction/test_compact.py",
    "tests/analysis/relations/test_counted_votes.py",
    "tests/runner/store/test_merge.py",
    "tests/test_architecture.py",
    "tests/analysis/test_method_variants.py",
    "tests/runner/export/test_model_folder.py",
    "tests/runner/trial/test_span.py",
    "tests/chaos/test_zombies.py",
    "tests/tasks/test_registry.py",
)
"""Files of other tests that take more than four seconds of a processor, the longest first."""


def pytest_configure(config):
    """Two workers share two cores: torch's threads of one would only wait for those of the other. Nor is anything held
    against the clock, which runs on while others have the processor."""
    hypothesis.settings.register_profile(
        "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("unhurried")
    if hasattr(config, "workerinput"):
        os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(config, items):
    """The longest first: what begins last shall not end last by far. Where the time is bounded the short ones are, so
    that most have begun when it is over, and the long ones from the shortest on. Others stay in the order of their
    files. Real processes that were killed, or outlive a test, are told as resources that nobody has closed: there it
    is no error."""
    if config.getoption("--begin-until") is None:
        ranked = {path: number for number, path in enumerate((*FIRST, *LONG, *LONG_UNITS))}
    else:
        ranked = {path: number - len(FIRST) for number, path in enumerate(FIRST)}
        ranked |= {path: number for number, path in enumerate(reversed(LONG), start=1)}
    others = 0 if config.getoption("--begin-until") else len(ranked)
    items.sort(key=lambda item: ranked.get(item.nodeid.partition("::")[0], others))
    for item in items:
        if any(item.get_closest_marker(name) for name in ("cluster", "chaos", "browser")):
            for what in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning"):
                item.add_marker(pytest.mark.filterwarnings(f"default::{what}"))


def pytest_runtest_setup(item):
    """Where the time is bounded, what it is too short for says so."""
    until = item.config.getoption("--begin-until")
    if until is not None and time.time() > until:
        pytest.skip("no time was left to begin it")


@pytest.fixture(scope="session", autouse=True)
def verbs_are_read_once():
    """A command line that tests run in this process makes its parser once: that takes longer than most verbs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", functools.cache(vars(typer.testing)["_get_command"]))
        yield


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
def common_folder(tmp_path_factory):
    """A folder of all workers of this run together; who makes something there holds a lock."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def undisturbed(survival_study, common_folder):
    """The store that two workers make of it on this machine when nobody disturbs them; made once for all tests."""
    store, whole = common_folder / "undisturbed", common_folder / "undisturbed.whole"
    with FileLock(common_folder / "undisturbed.lock"):
        if not whole.exists():
            done = small_study.run(survival_study, store)
            assert done.returncode == 0, done.stderr
            whole.touch()
    return store


@pytest.fixture(scope="session")
def undisturbed_digest(undisturbed):
    """What every disturbed store of this study must come to."""
    return small_study.digest(undisturbed)


@pytest.fixture(scope="module", autouse=True)
def environment_as_before():
    """No module leaves its own cache, cluster or home in the environment of those that follow on its worker.

    What this process needs to start Ray is set by the code itself for the whole process, a cluster's password with it:
    that is taken back here.
    """

    def named(*beginnings):
        return {name: value for name, value in os.environ.items() if name.startswith(beginnings)}

    ray, ours = named("RAY_A"), named("PIESWEEP_", "AWS_", "XDG_", "HOME", "TMPDIR")
    yield
    for name in named("RAY_A"):
        del os.environ[name]
    os.environ.update(ray)
    after = named("PIESWEEP_", "AWS_", "XDG_", "HOME", "TMPDIR")
    assert after == ours, "set it by a fixture of the module or the test, which takes it back at the end"
