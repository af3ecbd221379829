"""Handing a script to a scheduler: the script stays, and of a refused one nothing does."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster import LAUNCHERS, Launcher, LaunchError
from cluster.launcher import HalfLaunchedError, Job, hand_over


def job(folder: Path) -> Job:
    """A job with its logs two folders deep."""
    return Job(
        name="pie",
        command=("true",),
        progress=("true",),
        nodes=1,
        cpus_per_node=1,
        gpus_per_node=0,
        seconds=3600,
        folder=folder,
        logs=folder / "logs" / "pie.jobs",
    )


def launcher(error: LaunchError | None) -> Launcher:
    """A scheduler that takes a script, or refuses it."""

    def submit(path: Path, job: Job) -> str:
        if error:
            raise error
        return f"took {path.read_text()}"

    return Launcher(title="x", script=lambda job, site: "", submit=submit, ending=".x", site="laptop")


def test_the_script_stays_beside_the_logs(tmp_path: Path) -> None:
    """The scheduler reads the file that the user keeps, which others cannot read."""
    answer, path = hand_over(launcher(None), job(tmp_path), "script")
    assert answer == "took script"
    assert path == tmp_path / "logs" / "pie.jobs" / "pie.x"
    assert path.stat().st_mode & 0o777 == 0o700


def test_nothing_is_left_of_a_refused_submission(tmp_path: Path) -> None:
    """Neither the script nor the folders that were made for it."""
    with pytest.raises(LaunchError, match="no"):
        hand_over(launcher(LaunchError("no")), job(tmp_path), "script")
    assert list(tmp_path.iterdir()) == []


def test_a_refused_submission_leaves_what_was_there(tmp_path: Path) -> None:
    """The script and logs of an earlier one are as they were."""
    _, path = hand_over(launcher(None), job(tmp_path), "first")
    (path.parent / "pie-1.log").write_text("log")
    with pytest.raises(LaunchError, match="no"):
        hand_over(launcher(LaunchError("no")), job(tmp_path), "second")
    assert path.read_text() == "first"
    assert (path.parent / "pie-1.log").read_text() == "log"


def test_a_folder_that_others_use_meanwhile_stays(tmp_path: Path) -> None:
    """A folder goes only if nobody else has put something there."""

    def submit(path: Path, job: Job) -> str:
        (path.parent / "other").write_text("other")
        raise LaunchError("no")

    with pytest.raises(LaunchError, match="no"):
        hand_over(
            Launcher(title="x", script=lambda job, site: "", submit=submit, ending=".x", site="laptop"),
            job(tmp_path),
            "script",
        )
    assert [path.name for path in (tmp_path / "logs" / "pie.jobs").iterdir()] == ["other"]


def test_what_is_needed_to_give_machines_back_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ray up` that fails may have made machines: its file stays, and the message says how to be rid of them."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "ray").write_text('#!/bin/sh\n[ "$1" != up ] || { echo "no quota for g5" >&2; exit 1; }\n')
    (programs / "ray").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    with pytest.raises(HalfLaunchedError, match=r"no quota for g5\n.*ray down --yes .*pie.cluster.yaml"):
        hand_over(LAUNCHERS["ray-up"], job(tmp_path), "cluster_name: pie\n")
    assert (tmp_path / "logs" / "pie.jobs" / "pie.cluster.yaml").read_text() == "cluster_name: pie\n"
