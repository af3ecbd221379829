"""What the batch script decides, with small programs in place of Slurm's, Ray's and piesweep's own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster import LAUNCHERS, Job, load_site
from cluster.site import SCRATCH_LENGTH

LARGEST_JOB_ID = 67_043_327
RAYS_OWN = len("/session_2026-11-22_19-25-37_123456_4194304/sockets/plasma_store")

PROGRAMS = {
    # A job step: in a session of its own, as under Slurm, where `scancel --signal=URG` finds it.
    "srun": """
        while [[ $1 == --* ]]; do shift; done
        setsid "$@" & echo "$!" >>"$BOX/steps"
        wait "$!"; wait "$!" """,
    "scontrol": '[[ $1 == show ]] && { echo n1; echo n2; } || echo "$*" >>"$BOX/asked"',
    "scancel": 'for step in $(<"$BOX/steps"); do kill -URG "$step"; done',
    "squeue": 'cat "$BOX/queue" 2>/dev/null',
    "sbatch": """
        echo "${SLURM_RESTART_COUNT-}$1" >>"$BOX/submitted"
        [[ ! -e $BOX/busy ]] || { echo "sbatch: error: Socket timed out on send/recv operation" >&2; exit 1; }""",
    "ray": """
        [[ $1 == start ]] || { echo ' node_1'; echo ' node_2'; exit; }
        for word; do case $word in --temp-dir=*) folder=${word#*=};; esac; done
        echo "$folder" >>"$BOX/folders"
        mkdir -m 777 "$folder" && stat -c %a "${folder%/r}" >>"$BOX/modes"
        case $* in *--head*) echo "$$" >"$BOX/head"; echo 127.0.0.1:6379 >"$folder/ray_current_cluster";; esac
        while /bin/sleep 0.02; do :; done""",
    "piesweep": """
        [[ $1 == run ]] || { [[ -e $BOX/progress ]] && cat "$BOX/progress"; exit; }
        echo "$RAY_ADDRESS" >>"$BOX/runs"
        exec env --default-signal=USR1 bash "$BOX/work" """,  # as Python does, which takes the signal over
    "date": '[[ $1 == +%s && -e $BOX/late ]] && echo 9999999999 || exec /bin/date "$@"',
    # A tenth as long as asked for, but for the one that ends work which is late.
    "sleep": 'case $1 in ?) exec /bin/sleep "0.0$1";; ??) exec /bin/sleep 0.1;; *) exec /bin/sleep "$1";; esac',
}


@dataclass(frozen=True)
class Allocation:
    """A folder with a batch script and the programs that it calls; what these were told lies in files beside them."""

    folder: Path
    script: Path

    def start(self, work: str) -> subprocess.Popen[str]:
        """Run the script as Slurm does; `work` is what `piesweep run` does."""
        (self.folder / "work").write_text(work)
        environment = {
            "PATH": f"{self.folder / 'programs'}:{os.environ['PATH']}",
            "BOX": str(self.folder),
            "SLURM_JOB_ID": str(LARGEST_JOB_ID),
            "SLURM_JOB_NODELIST": "n[1-2]",
            "SLURM_JOB_NUM_NODES": "2",
            "SLURM_JOB_END_TIME": str(int(time.time()) + 3600),
            "SLURM_RESTART_COUNT": "1",
        }
        with (self.folder / "log").open("w") as output:
            return subprocess.Popen(["bash", self.script], env=environment, stdout=output, stderr=output, text=True)

    def run(self, work: str) -> int:
        """Run it to its end; its exit code."""
        return self.start(work).wait(20)

    def lines(self, name: str) -> list[str]:
        """What a program wrote down."""
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    @property
    def said(self) -> str:
        """The log's last line."""
        return self.lines("log")[-1]


@pytest.fixture
def allocation(tmp_path: Path) -> Iterator[Allocation]:
    """An allocation of two nodes; its script is the one for a plain cluster, with the longest `scratch` allowed."""
    (tmp_path / "programs").mkdir()
    for name, content in PROGRAMS.items():
        program = tmp_path / "programs" / name
        program.write_text(f"#!/bin/bash\n{content}\n")
        program.chmod(0o700)
    store = str(tmp_path / "store")
    job = Job(
        name="pie",
        command=("piesweep", "run", "pie", "--store", store),
        progress=("piesweep", "status", store, "--progress"),
        nodes=2,
        cpus_per_node=1,
        gpus_per_node=0,
        seconds=3600,
        folder=tmp_path,
        logs=tmp_path,
    )
    script = tmp_path / "pie.sbatch"
    with tempfile.TemporaryDirectory(prefix="scratch", dir="/tmp") as scratch:
        assert len(scratch) == SCRATCH_LENGTH
        site = load_site("nvidia-slurm").model_copy(update={"scratch": scratch})
        script.write_text(LAUNCHERS["slurm"].script(job, site))
        made = Allocation(tmp_path, script)
        yield made
    for pid in made.lines("steps"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(pid), signal.SIGKILL)


def wait_for(is_so: Callable[[], object]) -> None:
    """Wait for it, not for ever."""
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


LOSE_THE_HEAD = 'kill -KILL "$(<"$BOX/head")"; sleep 5; exit 1'
COME_FURTHER = 'echo "$(wc -l <"$BOX/runs")-0-0 3" >"$BOX/progress"'


def test_a_lost_head_is_no_end(allocation: Allocation) -> None:
    """Ray ends the command with 1: it goes on in the same allocation, on a new cluster with folders of its own."""
    assert allocation.run(f'if [[ $(wc -l <"$BOX/runs") == 1 ]]; then {COME_FURTHER}; {LOSE_THE_HEAD}; fi') == 0
    assert "the cluster's head was lost" in allocation.lines("log")
    assert allocation.said == "ended with exit code 0; no allocation follows"
    assert len(allocation.lines("runs")) == 2
    assert len(set(allocation.lines("folders"))) == 4
    assert not allocation.lines("submitted")


def test_a_head_that_is_lost_again_and_again_is_left_to_the_next_allocation(allocation: Allocation) -> None:
    """What came further is submitted again, whatever exit code Ray gave the command; not as one that has restarted."""
    assert allocation.run(f"{COME_FURTHER}; {LOSE_THE_HEAD}") == 75
    assert len(allocation.lines("runs")) == 4
    assert allocation.lines("submitted") == [str(allocation.script)]


@pytest.mark.parametrize(("left", "runs", "ending"), [(0, 1, "exit code 1"), (3, 2, "exit code 1")])
def test_failed_trials_are_an_end(allocation: Allocation, left: int, runs: int, ending: str) -> None:
    """Exit code 1 stands where nothing is left to do, and where the same command again came no further."""
    assert allocation.run(f'echo "9-0-0 {left}" >"$BOX/progress"; exit 1') == 1
    assert allocation.said == f"ended with {ending}; no allocation follows"
    assert len(allocation.lines("runs")) == runs
    assert not allocation.lines("submitted")


SAVES = """
    trap 'echo "$(date +%s) 2" >"$BOX/progress"; ls "$PIESWEEP_STOP_FILE" >>"$BOX/heard"; exit 75' USR1
    trap 'echo insists >>"$BOX/heard"; exit 75' TERM
    touch "$BOX/listens"
    while sleep 1; do :; done"""


def test_a_cancelled_script_warns_its_work_and_is_the_last(allocation: Allocation) -> None:
    """TERM to the script alone becomes a warning, by signal and by file; the log says what to do."""
    running = allocation.start(SAVES)
    wait_for((allocation.folder / "listens").exists)
    running.send_signal(signal.SIGTERM)
    assert running.wait(20) == 69
    assert allocation.lines("heard") == [str(allocation.folder / f"pie-{LARGEST_JOB_ID}.stop")]
    assert allocation.said == "cancelled; sbatch this script again to go on"
    assert not allocation.lines("submitted")
    assert not list(allocation.folder.glob("*.stop"))


def test_work_that_has_no_time_left_is_not_started_again(allocation: Allocation) -> None:
    """It says so by the stop file, before Slurm has warned: the next allocation takes over at once."""
    assert allocation.run(f'{COME_FURTHER}; touch "$PIESWEEP_STOP_FILE"; exit 75') == 75
    assert len(allocation.lines("runs")) == 1
    assert allocation.lines("submitted") == [str(allocation.script)]


def test_work_that_came_no_further_is_the_last(allocation: Allocation) -> None:
    """It is tried a few times; then the log says so, and the exit code that nothing follows."""
    assert allocation.run("exit 75") == 69
    assert len(allocation.lines("runs")) == 4
    assert allocation.said.startswith("this allocation came no further, so none follows")
    assert not allocation.lines("submitted")


def test_a_busy_slurm_is_asked_again(allocation: Allocation) -> None:
    """The next allocation is submitted as soon as Slurm answers."""
    (allocation.folder / "busy").touch()
    running = allocation.start(f'{COME_FURTHER}; touch "$PIESWEEP_STOP_FILE"; exit 75')
    wait_for(lambda: len(allocation.lines("submitted")) == 3)
    (allocation.folder / "busy").unlink()
    assert running.wait(20) == 75


def test_an_answer_that_was_lost_is_no_reason_to_submit_twice(allocation: Allocation) -> None:
    """A job of this name that waits already is the next allocation."""
    (allocation.folder / "busy").touch()
    (allocation.folder / "queue").write_text("2 main pie me PENDING\n")
    assert allocation.run(f'{COME_FURTHER}; touch "$PIESWEEP_STOP_FILE"; exit 75') == 75
    assert len(allocation.lines("submitted")) == 1


@pytest.mark.parametrize(("time_left", "tries"), [(True, 10), (False, 1)])
def test_a_slurm_that_never_answers_is_said(allocation: Allocation, time_left: bool, tries: int) -> None:
    """After several tries, as many as there is time for, the log names a command that works and the exit code tells."""
    (allocation.folder / "busy").touch()
    late = "true" if time_left else 'touch "$BOX/late"'
    assert allocation.run(f'{COME_FURTHER}; {late}; touch "$PIESWEEP_STOP_FILE"; exit 75') == 69
    assert len(allocation.lines("submitted")) == tries
    assert f"could not be submitted, {tries} times" in allocation.said
    kept = Path(allocation.said.rpartition("sbatch ")[2])
    assert kept.read_text() == allocation.script.read_text()


def test_folders_are_short_enough_for_rays_sockets(allocation: Allocation) -> None:
    """With the longest `scratch` that a profile may have, job id and number of a node, the path fits the 107 bytes."""
    assert allocation.run("exit 0") == 0
    assert {len(folder) + len("999") + RAYS_OWN for folder in allocation.lines("folders")} == {107}


def test_nobody_else_gets_into_rays_folders(allocation: Allocation) -> None:
    """Ray opens the folder that it is given to all; it lies in one that is the user's alone."""
    assert allocation.run("exit 0") == 0
    assert set(allocation.lines("modes")) == {"700"}


def test_folders_that_are_too_long_are_refused(allocation: Allocation) -> None:
    """Who edits the script is told how many characters there are."""
    text = allocation.script.read_text()
    allocation.script.write_text(text.replace("folders=/", "folders=/a/longer/path/", 1))
    assert allocation.run("exit 0") == 2
    assert "too long for Ray's sockets below it: allowed are 36 characters" in allocation.said
    assert not allocation.lines("steps")


def test_the_loss_of_the_scripts_own_node_starts_the_job_again(allocation: Allocation) -> None:
    """Slurm keeps a job, for --no-kill, whose script is gone with its node: another node asks for a new start."""
    (allocation.folder / "queue").write_text("n1 n[1-2]\n")
    running = allocation.start("while sleep 1; do [[ ! -e $BOX/enough ]] || exit 0; done")
    wait_for(lambda: allocation.lines("runs"))
    time.sleep(0.3)
    assert not allocation.lines("asked")
    (allocation.folder / "queue").write_text("n0 n[1-2]\n")
    wait_for(lambda: allocation.lines("asked"))
    (allocation.folder / "enough").touch()
    assert running.wait(20) == 0
    assert set(allocation.lines("asked")) == {f"requeue {LARGEST_JOB_ID}"}
