"""A Ray cluster of real processes on loopback: every `ray start` stands for one machine, and can be killed like one."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

RAY = str(Path(sys.executable).with_name("ray"))
START_SECONDS = 120.0
STARTS = 3
LOOPBACK = "127.0.0.1"
ALSO_LOOPBACK = "127.0.0.9"
"""Ray replaces 127.0.0.1 by the address of a network card where more than one node may come; this one it keeps."""

TOKEN = "(umask 077; ray get-auth-token --generate)"
"""How cluster/README.md has a token made."""

TAKE_TOKEN = "install -D -m 600 /dev/stdin .ray/auth_token"
"""How cluster/README.md has another node take it, in its home folder."""

TOKENS = {"RAY_AUTH_MODE": "token"}
"""What cluster/README.md has users export wherever they call ray or piesweep, beside a token in ~/.ray/auth_token."""

MARK = "PIESWEEP_TEST_CLUSTER"
"""By this variable every process of a cluster is known, orphans too."""

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "OMP_NUM_THREADS": "1",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "5",  # until a driver gives up on a dead head; Ray's own value is 60
    "PYTHONWARNINGS": "ignore",
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
}


class RayNodes:
    """One head and any number of further nodes, each its own tree of processes; `address` is the head's.

    Every port is free when chosen, and all of Ray's files lie in a folder of its own. A head alone listens on loopback
    only. Of several nodes the gRPC services listen everywhere, as Ray has it. A token guards each cluster, made
    and found as it says there: every node has a new home folder, into which the head's token is copied.
    """

    def __init__(self, *, cpus: int, alone: bool, dashboard: bool = False) -> None:
        # Ray's sockets lie in this folder, and a socket's path must be short.
        self.folder = Path(tempfile.mkdtemp(prefix="ray-nodes-", dir="/tmp"))
        home = self.folder / "home-head"
        home.mkdir()
        self.environment = {**os.environ, **QUIET, **TOKENS, "HOME": str(home), MARK: str(self.folder)}
        for name in ("RAY_ADDRESS", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
            self.environment.pop(name, None)
        generate = ["bash", "-c", TOKEN]
        subprocess.run(generate, check=True, capture_output=True, timeout=START_SECONDS, env=self.environment)
        self.host = LOOPBACK if alone else ALSO_LOOPBACK
        self.environment["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0" if alone else "1"
        self.dashboard = dashboard
        self.port, self.dashboard_port, self.agent_port, client = free_ports(4)
        self.nodes: dict[str, psutil.Process] = {}
        head = ["--head", f"--port={self.port}", f"--ray-client-server-port={client}", "--num-gpus=0"]
        self._start("head", cpus, head, {})

    @property
    def address(self) -> str:
        """What `ray.init(address=...)` takes."""
        return f"{self.host}:{self.port}"

    @property
    def jobs_address(self) -> str:
        """What `ray job submit --address` takes."""
        return f"http://{self.host}:{self.dashboard_port}"

    def add(self, name: str, cpus: int, gpus: int = 0, environment: Mapping[str, str] | None = None) -> None:
        """One more machine, perhaps with pretended GPUs and with variables of its own.

        On a busy machine a node is at times not let in for half a minute, and gives up; it is then started again.
        """
        options = [f"--address={self.address}", f"--num-gpus={gpus}"]
        for _ in range(STARTS - 1):
            with contextlib.suppress(RuntimeError):
                self._start(name, cpus, options, environment or {})
                return
            self.kill(name)
        self._start(name, cpus, options, environment or {})

    def _start(self, name: str, cpus: int, options: list[str], environment: Mapping[str, str]) -> None:
        words = [RAY, "start", "--block", "--disable-usage-stats", f"--node-ip-address={self.host}", *options]
        words += [f"--num-cpus={cpus}", "--object-store-memory=80000000", "--log-color=false"]
        words += ["--min-worker-port=0", "--max-worker-port=0", f'--resources={{"{name}": 1}}']
        if name == "head":
            words += [f"--temp-dir={self.folder}", f"--dashboard-host={self.host}"]
            words += [f"--dashboard-port={self.dashboard_port}", f"--dashboard-agent-listen-port={self.agent_port}"]
            words += [f"--include-dashboard={'true' if self.dashboard else 'false'}"]
        else:
            words += [f"--dashboard-agent-listen-port={free_ports(1)[0]}"]
        with (self.folder / f"{name}.out").open("wb") as output:
            process = subprocess.Popen(
                words,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment | {"HOME": str(self._home(name))} | dict(environment),
                start_new_session=True,
            )
        self.nodes[name] = psutil.Process(process.pid)
        self._await(name)

    def _home(self, name: str) -> Path:
        home = self.folder / f"home-{name}"
        if not home.exists():
            home.mkdir()
            with (self.folder / "home-head" / ".ray" / "auth_token").open("rb") as token:
                subprocess.run(["bash", "-c", TAKE_TOKEN], check=True, stdin=token, cwd=home)
        return home

    def _await(self, name: str) -> None:
        said = self.folder / f"{name}.out"
        deadline = time.monotonic() + START_SECONDS
        while "--block" not in said.read_text(errors="replace"):  # the last thing that it says
            if not lives(self.nodes[name]) or time.monotonic() > deadline:
                raise RuntimeError(f"node '{name}' did not start:\n{said.read_text(errors='replace')}")
            time.sleep(0.1)

    def processes(self, name: str) -> list[psutil.Process]:
        """Every process of a node: raylet, agents, and the workers in which trials run."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return [self.nodes[name], *self.nodes[name].children(recursive=True)]
        return []

    def workers(self, name: str) -> list[psutil.Process]:
        """The processes of a node in which trials run."""
        return [process for process in self.processes(name) if is_worker(process)]

    def raylet(self, name: str) -> psutil.Process:
        """The process by which a node belongs to the cluster."""
        return next(process for process in self.processes(name) if _name(process) == "raylet")

    def kill(self, name: str) -> None:
        """What a power cut does to a machine."""
        send(self.processes(name), signal.SIGKILL)
        with contextlib.suppress(psutil.Error, ChildProcessError):
            self.nodes[name].wait(10)
        del self.nodes[name]

    def everything(self) -> list[psutil.Process]:
        """Every process that was started in this cluster or for it, orphans of dead nodes among them."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(MARK) == str(self.folder):
                    found.append(process)
        return found

    def stop(self) -> None:
        """End every node and leave neither process nor file."""
        send(self.everything(), signal.SIGKILL)
        for node in self.nodes.values():
            with contextlib.suppress(psutil.Error, ChildProcessError):
                node.wait(10)
        self.nodes.clear()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def ray_nodes(*, cpus: int, more: Mapping[str, int] | None = None, dashboard: bool = False) -> Iterator[RayNodes]:
    """A cluster with `cpus` on the head and on `more` named nodes; gone afterwards, with all of its processes.

    None: there will never be more, and the head listens on loopback alone.
    """
    nodes = RayNodes(cpus=cpus, alone=more is None, dashboard=dashboard)
    try:
        for name, count in (more or {}).items():
            nodes.add(name, count)
        yield nodes
    finally:
        nodes.stop()


def is_worker(process: psutil.Process) -> bool:
    """True for the process of a Tune trial."""
    with contextlib.suppress(psutil.Error):
        return "".join(process.cmdline()).startswith("ray::ImplicitFunc")
    return False


def lives(process: psutil.Process) -> bool:
    """True for a process that has not ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def send(processes: list[psutil.Process], number: signal.Signals) -> int:
    """Send a signal to those that still live; how many there were."""
    sent = 0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
            sent += 1
    return sent


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nothing listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _name(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return process.name()
    return ""
