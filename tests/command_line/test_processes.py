"""The command line as a process: what it loads, and how it ends when its reader or its user leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

HEAVY = ("torch", "ray", "transformers", "datasets", "sklearn", "scipy", "matplotlib")

LOADED = """
import json, sys
from runner.command_line import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["piesweep", *words]
    try:
        main()
    except SystemExit as end:
        print(json.dumps({"code": end.code or 0, "modules": sorted(sys.modules)}), file=sys.stderr)
"""


def loaded_by(commands, folder):
    """Exit code and loaded modules after each of these command lines, one after another in one fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, json.dumps(commands)], capture_output=True, text=True, check=True, cwd=folder
    )
    return [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]


def test_no_torch(store, tmp_path):
    """Planning and asking load neither torch nor ray nor any other heavy library."""
    commands = [
        ["list"],
        ["describe", "task", "reuters"],
        ["plan", "pie", "--json"],
        *([verb, str(store)] for verb in ("status", "verify", "digest")),
        ["sql", str(store), "FROM pie_rate"],
    ]
    heavy = [set(HEAVY) & set(loaded["modules"]) for loaded in loaded_by(commands, tmp_path) if loaded["code"] == 0]
    assert heavy == [set()] * len(commands)


def test_report_loads_no_torch(store, tmp_path):
    """The report needs matplotlib, and no library that trains."""
    (loaded,) = loaded_by([["report", str(store), "--out", str(tmp_path / "report")]], tmp_path)
    assert loaded["code"] == 0
    assert {"torch", "ray", "transformers", "datasets"} & set(loaded["modules"]) == set()


def test_help_loads_almost_nothing(tmp_path):
    """Help is answered before pydantic, pyarrow or DuckDB are loaded."""
    (loaded,) = loaded_by([["--help"]], tmp_path)
    assert loaded["code"] == 0
    assert {*HEAVY, "pydantic", "pyarrow", "duckdb", "yaml", "numpy"} & set(loaded["modules"]) == set()


def test_reader_that_leaves(store):
    """`piesweep ... | head` ends quietly, as a process that SIGPIPE killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "runner.command_line", "sql", str(store), "FROM range(1000000)", "--format", "csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 128 + signal.SIGPIPE
    assert errors == b""


# Planning a study whose file takes a minute to come.
# A shell that starts a command in the background lets it, and all that it starts, ignore Ctrl-C.
WAITING = """
import signal, sys, time
import runner.studies

signal.signal(signal.SIGINT, signal.default_int_handler)

def wait(study, changes):
    print("waiting", flush=True)
    time.sleep(60)

runner.studies.load = wait
sys.argv[1:] = ["plan", "pie"]
from runner.command_line import main
main()
"""


def test_interrupted_verb(tmp_path):
    """Ctrl-C ends a verb with 130, without a traceback."""
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_an_environment_that_cannot_be_used_is_refused_in_words(store):
    """A lease of no number of seconds: one line, exit code 2, and no traceback."""
    environment = {**os.environ, "PIESWEEP_LEASE_SECONDS": "abc"}
    command = [sys.executable, "-m", "runner.command_line", "status", str(store)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "PIESWEEP_LEASE_SECONDS is 'abc'; allowed is a number of seconds" in done.stderr
