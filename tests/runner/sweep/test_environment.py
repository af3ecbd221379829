"""On which cluster a study runs, and where its store may lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.sweep.environment import JOB, OWN_TOKEN, ClusterError, cluster_address, prepare, require_lasting


def test_inside_a_job_the_jobs_cluster_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked for goes first, then RAY_ADDRESS, which Ray sets in its jobs; "local" means one of our own."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert cluster_address(None) is None
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    assert cluster_address(None) == "10.0.0.1:6379"
    assert cluster_address("auto") == "auto"
    assert cluster_address("local") is None


def test_where_jobs_are_submitted_is_no_cluster() -> None:
    """The dashboard's address is refused with the command that it is for."""
    with pytest.raises(ClusterError, match="ray job submit --address http://127"):
        cluster_address("http://127.0.0.1:8265")


def test_a_store_must_outlive_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside a job a relative store is refused, outside and absolute it is not."""
    require_lasting(Path("results"))
    monkeypatch.setenv(JOB, "{}")
    require_lasting(Path("/shared/results"))
    with pytest.raises(ClusterError, match="absolute path"):
        require_lasting(Path("results"))


def test_a_cluster_of_our_own_has_a_token_that_no_other_cluster_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token of this run alone, whatever the user set; it is taken back before a given cluster is joined."""
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "the user's")
    prepare("10.0.0.1:6379")
    assert os.environ["RAY_AUTH_TOKEN"] == "the user's"
    prepare(None)
    assert {name: os.environ[name] for name in OWN_TOKEN} == OWN_TOKEN
    assert len(OWN_TOKEN["RAY_AUTH_TOKEN"]) == 64
    prepare("10.0.0.1:6379")
    assert not OWN_TOKEN.keys() & os.environ.keys()
