"""A question that takes too long, or too much: it ends at once, in one line, and leaves nothing that it spilled."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

JOIN = "SELECT count(*) FROM range(10000000) AS a, range(10000000) AS b WHERE a.range * b.range = 7"
ONE_VALUE = "SELECT length(lpad('x', 2000000000, 'y'))"
SORT = "SELECT count(*) FROM (SELECT range::VARCHAR AS a, hash(range) AS h FROM range(200000000) ORDER BY h, a)"


@pytest.fixture
def asked(store, tmp_path):
    """Start a question as a process whose temporary folder is its own; those still there at the end are killed."""
    (tmp_path / "temporary").mkdir()
    started = []

    def start(query, **environment):
        process = subprocess.Popen(
            [sys.executable, "-c", ASK, str(store), query],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(tmp_path / "temporary"), **environment},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


# A shell that starts a command in the background lets it, and all that it starts, ignore Ctrl-C.
ASK = """
import os, pathlib, re, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv[0:1] = ["piesweep", "sql"]
from runner.command_line import main
try:
    main()
finally:
    if "TOLD" in os.environ:  # not the parent's size, which the system counts as the largest of a child
        most = re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1]
        pathlib.Path(os.environ["TOLD"]).write_text(most)
"""


def folders(tmp_path):
    """The private folders that there are."""
    return sorted((tmp_path / "temporary").glob("piesweep-spill-*"))


def wait_for(what, seconds=120):
    """Poll until it is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


def worked(process):
    """The seconds for which a process that runs has had processors: a busy machine gives it no more of them."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ended_by(process, number, tmp_path):
    """Signal it in the middle of its work; what it printed, and for how many seconds it still had processors."""
    wait_for(lambda: folders(tmp_path))
    started = worked(process)
    wait_for(lambda: worked(process) > started + 1.5)
    began, others = worked(process), resource.getrusage(resource.RUSAGE_CHILDREN)
    process.send_signal(number)
    said = process.communicate(timeout=120)
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return said, now.ru_utime + now.ru_stime - others.ru_utime - others.ru_stime - began


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_ends_a_long_query_at_once(asked, tmp_path, number):
    """In the middle of DuckDB's work: 128 + the signal's number after two seconds of work at most, no traceback,
    nothing left."""
    process = asked(JOIN)
    said, seconds = ended_by(process, number, tmp_path)
    assert seconds < 2
    assert (process.returncode, *said) == (128 + number, "", "")
    assert folders(tmp_path) == []


def test_ctrl_c_ends_even_one_endless_value(asked, tmp_path):
    """Where DuckDB does not look for interrupts, the process ends all the same."""
    process = asked(ONE_VALUE)
    said, seconds = ended_by(process, signal.SIGINT, tmp_path)
    assert seconds < 3
    assert (process.returncode, *said) == (130, "", "")
    assert folders(tmp_path) == []


def test_what_is_spilled_is_private_and_goes_with_the_process_or_the_next(asked, tmp_path):
    """Mode 700; after SIGKILL the next question removes what was left."""
    killed = asked(SORT, PIESWEEP_MEMORY="100MB")
    wait_for(lambda: any(path.is_file() for path in (tmp_path / "temporary").rglob("*")))
    (left,) = folders(tmp_path)
    assert stat.S_IMODE(left.stat().st_mode) == 0o700
    killed.kill()
    killed.wait()
    assert folders(tmp_path) == [left]
    after = asked("SELECT 1")
    assert after.wait(120) == 0
    assert folders(tmp_path) == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT repeat('x', 2000000000) AS x",
        "SELECT string_agg(repeat('x', 1000000), '') AS x FROM range(2000)",
        "SELECT range(300000000) AS x",
        "SELECT list_transform(range(100000000), lambda x: x::VARCHAR || 'abcdefghijklmnop') AS x",
    ],
)
def test_no_value_outgrows_the_limit(asked, tmp_path, query):
    """With 100 MB the process stays below 100 MB, what it takes anyway and a margin; one line, exit code 1."""
    process = asked(query, PIESWEEP_MEMORY="100MB", TOLD=str(tmp_path / "most"))
    output, errors = process.communicate()
    assert (process.returncode, output) == (1, "")
    assert errors.startswith("piesweep: this takes more memory than it may have here")
    assert len(errors.splitlines()) == 1
    assert int((tmp_path / "most").read_text()) < 1_000_000  # kilobytes
    assert folders(tmp_path) == []


def test_ordinary_questions_stay_within_it(asked):
    """Threads, sorting that spills, and rows on their way out fit beside the limit."""
    query = "SELECT count(DISTINCT v) AS n FROM (SELECT range::VARCHAR AS v FROM range(3000000) ORDER BY hash(range))"
    process = asked(query, PIESWEEP_MEMORY="100MB")
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")
    assert "3000000" in output


def test_the_bound_ends_with_the_question(store):
    """The process that asked may take memory again."""
    import io

    from analysis.relations.query import run_query

    before = resource.getrlimit(resource.RLIMIT_DATA)
    run_query(store, "SELECT 1", "csv", io.StringIO())
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
