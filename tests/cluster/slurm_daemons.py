"""A private Slurm on this machine: its own configuration, ports, keys and folders, stopped by process id."""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "srun")
PATIENCE_SECONDS = 60.0

CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
KillWait=5
MinJobAge=300
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,sched_min_interval=100000
NodeName=n[1-{nodes}] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{ports}] CPUs={cpus} RealMemory=2000
PartitionName=main Nodes=ALL Default=YES MaxTime=01:00:00 State=UP
"""


def missing_reason() -> str:
    """Why Slurm cannot be started here, or nothing."""
    absent = [program for program in PROGRAMS if found(program) is None]
    if absent:
        return f"Slurm is not installed: {', '.join(absent)} not found (Debian: apt-get install slurm-wlm munge)"
    return "" if os.geteuid() == 0 else "slurmd starts jobs as root alone"


def found(program: str) -> str | None:
    """Where a program is; daemons are outside of an ordinary user's PATH."""
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


@contextlib.contextmanager
def slurm(folder: Path, nodes: int, cpus: int) -> Iterator[dict[str, str]]:
    """Start a controller and `nodes` node daemons; yields the environment in which Slurm's commands reach them."""
    folder.chmod(0o755)
    (folder / "state").mkdir()
    controller, *ports = free_ports(nodes + 1)
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    configuration = folder / "slurm.conf"
    configuration.write_text(
        CONFIGURATION.format(
            host=socket.gethostname().split(".")[0],
            controller_port=controller,
            folder=folder,
            user=getpass.getuser(),
            nodes=nodes,
            ports=",".join(map(str, ports)),
            cpus=cpus,
        )
    )
    environment = {**os.environ, "SLURM_CONF": str(configuration)}
    own = [f"--{name}={folder}/munge.{name.split('-')[0]}" for name in ("socket", "pid-file", "log-file", "seed-file")]
    commands = [
        [found("munged"), "--foreground", "--force", f"--key-file={key}", *own],
        [found("slurmctld"), "-D", "-c"],
        *([found("slurmd"), "-D", "-N", f"n{node}"] for node in range(1, nodes + 1)),
    ]
    daemons: list[subprocess.Popen[bytes]] = []
    with (folder / "daemons.log").open("wb") as log:
        try:
            for command in commands:
                daemons.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
                wait_for_socket(folder)
            wait_until_idle(environment, nodes)
            yield environment
        finally:
            cancel_all(environment)
            for daemon in reversed(daemons):
                daemon.terminate()
            for daemon in daemons:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    daemon.wait(10)
                daemon.kill()


def cancel_all(environment: dict[str, str]) -> None:
    """End what a failed test left running, so that no Ray process outlives the daemons that could end it."""
    subprocess.run(["scancel", f"--user={getpass.getuser()}"], env=environment, check=False)
    deadline = time.monotonic() + PATIENCE_SECONDS / 2
    while time.monotonic() < deadline and output(["squeue", "--noheader"], environment).strip():
        time.sleep(0.2)


def output(command: list[str], environment: dict[str, str]) -> str:
    """What a program prints."""
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout


def wait_for_socket(folder: Path) -> None:
    """Slurm's daemons refuse to start before the authentication service listens."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (folder / "munge.socket").exists():
        assert time.monotonic() < deadline, (folder / "daemons.log").read_text()
        time.sleep(0.05)


def wait_until_idle(environment: dict[str, str], nodes: int) -> None:
    """All nodes have reported for duty."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    idle = ""
    while idle.split() != ["idle"] * nodes:
        if time.monotonic() > deadline:
            pytest.fail(f"Slurm's nodes did not come up, they are: {idle!r}")
        time.sleep(0.2)
        idle = output(["sinfo", "--noheader", "--Node", "--format=%T"], environment)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports
