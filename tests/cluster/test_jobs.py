"""A study submitted to a real Ray cluster as a job: stopped half way, submitted again, equal to an undisturbed run."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.store.reader import committed_ids
from runner.store.verify import broken_invariants
from tests.cluster.foreign_names import PIESWEEP, beside
from tests.cluster.ray_nodes import RAY, RayNodes, ray_nodes
from tests.cluster.small_study import TRIALS, digest, run

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 600.0

pytestmark = [pytest.mark.cluster, pytest.mark.chaos, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayNodes]:
    """A head with the dashboard, through which jobs are submitted."""
    with ray_nodes(cpus=2, dashboard=True) as nodes:
        yield nodes


def ray_job(cluster: RayNodes, verb: str, *words: str) -> str:
    """What a `ray job` command prints."""
    done = subprocess.run(
        [RAY, "job", verb, "--address", cluster.jobs_address, *words],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        cwd=ROOT,
        env=cluster.environment,
    )
    return done.stdout


def submit(cluster: RayNodes, name: str, study: Path, store: Path) -> None:
    """Submit as cluster/README.md says, without waiting for the end."""
    words = ["--submission-id", name, "--working-dir", ".", "--runtime-env", "cluster/runtime_env.yaml", "--no-wait"]
    ray_job(cluster, "submit", *words, "--", "piesweep", "run", str(study), "--store", str(store))


def ended(cluster: RayNodes, name: str) -> str:
    """The state in which a job ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = re.search(r"SUCCEEDED|STOPPED|FAILED", ray_job(cluster, "status", name), flags=re.IGNORECASE)
        if found:
            return found[0].upper()
        time.sleep(1)
    raise AssertionError(f"job {name} did not end")


def test_a_job_stopped_half_way_and_submitted_again_is_an_undisturbed_run(
    cluster: RayNodes, survival_study: Path, undisturbed_digest: str, tmp_path: Path
) -> None:
    """`ray job stop` ends the sweep in order, with exit code 75 in its log; the same command under a new submission id
    finishes, and the store has the digest of a run without any cluster. The log is plain lines."""
    store = tmp_path / "store"
    submit(cluster, "first", survival_study, store)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(committed_ids(store)) < 3:
        assert time.monotonic() < deadline, ray_job(cluster, "logs", "first")
        time.sleep(0.5)
    ray_job(cluster, "stop", "first")
    assert ended(cluster, "first") == "STOPPED"
    log = ray_job(cluster, "logs", "first")
    assert "stopped by SIGTERM, run again to finish (exit code 75)" in log
    assert "\x1b" not in log.partition("Running entrypoint")[2]  # what comes before is Ray's own
    assert 3 <= len(committed_ids(store)) < TRIALS
    assert not (store / "sessions" / "lease.json").exists()

    submit(cluster, "second", survival_study, store)
    assert ended(cluster, "second") == "SUCCEEDED", ray_job(cluster, "logs", "second")
    assert f"{TRIALS} of {TRIALS} trials committed" in ray_job(cluster, "logs", "second")
    assert broken_invariants(store) == []
    assert digest(store) == undisturbed_digest


def test_a_job_refuses_a_store_that_would_vanish(cluster: RayNodes, survival_study: Path) -> None:
    """A relative store would lie in the job's copy of the working directory: exit code 2, with what to do."""
    submit(cluster, "relative", survival_study, Path("results"))
    assert ended(cluster, "relative") == "FAILED"
    assert "give an absolute path to a folder that every node sees" in ray_job(cluster, "logs", "relative")


def test_a_job_brings_files_with_the_names_of_our_folders(cluster: RayNodes, tmp_path: Path) -> None:
    """What lies beside the study in the job's working directory is imported by no process of ours, on no node."""
    study = beside(tmp_path / "project")
    words = ["--submission-id", "beside", "--working-dir", str(study.parent), "--no-wait"]
    store = tmp_path / "store"
    ray_job(cluster, "submit", *words, "--", PIESWEEP, "run", "study.yaml", "--store", str(store))
    assert ended(cluster, "beside") == "SUCCEEDED", ray_job(cluster, "logs", "beside")
    assert "2 of 2 trials committed" in ray_job(cluster, "logs", "beside")
    assert broken_invariants(store) == []


def test_a_job_that_brings_a_clone_runs_its_code(cluster: RayNodes) -> None:
    """Submitted from a clone, a job has our folders from its own copy, not from what is installed on the node."""
    words = ["--submission-id", "clone", "--working-dir", ".", "--runtime-env", "cluster/runtime_env.yaml", "--no-wait"]
    code = "import piesweep, tasks; print('from', tasks.__file__)"
    ray_job(cluster, "submit", *words, "--", sys.executable, "-c", code)
    assert ended(cluster, "clone") == "SUCCEEDED", ray_job(cluster, "logs", "clone")
    assert re.search(r"from /\S+/working_dir_files/_ray_pkg_\w+/tasks/__init__.py", ray_job(cluster, "logs", "clone"))


def test_the_dashboards_address_is_no_clusters(cluster: RayNodes, survival_study: Path, tmp_path: Path) -> None:
    """Given where jobs are submitted, `run` says how that is done: exit code 2 before anything is written."""
    done = run(survival_study, tmp_path / "store", "--address", cluster.jobs_address)
    assert done.returncode == 2
    assert "ray job submit" in done.stderr
    assert not (tmp_path / "store").exists()


def test_an_upload_beyond_rays_limit_names_the_file(cluster: RayNodes, tmp_path: Path) -> None:
    """Ray names the large file and the list to put it on, then refuses the upload in the words that
    `cluster/runtime_env.yaml` quotes."""
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(100 * 2**20)
    words = [RAY, "job", "submit", "--address", cluster.jobs_address, "--working-dir", str(tmp_path), "--", "true"]
    done = subprocess.run(
        words, check=False, capture_output=True, text=True, timeout=PATIENCE_SECONDS, env=cluster.environment
    )
    assert done.returncode == 1
    said = " ".join((done.stdout + done.stderr).split())
    assert re.search("large.bin is very large .* 'excludes' list", said), said
    limit = "413: Maximum request body size 104857600 exceeded"
    assert limit in said
    assert limit in (ROOT / "cluster" / "runtime_env.yaml").read_text(encoding="utf-8")
