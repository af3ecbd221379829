"""`piesweep submit` and `piesweep plan --site`: what people see before anything is handed over."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time

import pytest
import yaml

from runner.spec import TrialSpec
from runner.store.schema import Facts
from runner.training import Training

FLIGHT = ("--site", "lumi", "--seconds-per-unit", "4600", "--nodes", "16")

INPUTS = {
    "tasks.reuters.data": "/piesweep/reuters21578",
    "tasks.aapd.data": "/piesweep/aapd",
    "models.bilstm.vectors": "/piesweep/glove.840B.300d.txt",
}
"""What the paper's grid needs of the user's, on other machines than this."""

SMALL = """\
name: small
tasks: [{task}]
models: [bilstm]
methods: [imp-ft]
sparsities: [0.5]
seeds: 2
training: {{epochs: 1, batch_size: 32, learning_rate: 0.001}}
"""
OWN = "{name: own, train: data/train.csv, test: ./data/test.csv, text: text, label: label}"


@pytest.fixture
def scheduler(tmp_path, monkeypatch):
    """Puts a program in the place of sbatch, the first on the PATH, and goes to a folder of the test's own."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")

    def install(script):
        (programs / "sbatch").write_text(f"#!/bin/sh\n{script}\n")
        (programs / "sbatch").chmod(0o755)
        return tmp_path / "work"

    return install


def changes(**inputs):
    """Words that give inputs, but for those that are None."""
    return [f"{key}={path}" for key, path in {**INPUTS, **inputs}.items() if path]


def test_a_dry_run_prints_the_script_and_changes_nothing(piesweep, tmp_path, monkeypatch):
    """The command of cluster/README.md, and an empty folder after it."""
    monkeypatch.chdir(tmp_path)
    words = (
        "submit pie --store /scratch/pie --on slurm --nodes 16 --gpus-per-node 8 --time 48:00:00 --site lumi --dry-run"
    )
    result = piesweep(*words.split(), *changes())
    assert result.exit_code == 0
    for line in ("--nodes=16", "--gpus-per-node=8", "--time=48:00:00", "--partition=standard-g", "--signal=B:USR1@600"):
        assert f"#SBATCH {line}\n" in result.stdout
    assert "piesweep run pie --store /scratch/pie --address auto" in result.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--on", "pbs"), "there is no launcher 'pbs'; allowed: local, slurm, kuberay, ray-up"),
        (("--site", "lumy"), "did you mean 'lumi'?"),
        (("--time", "two days"), "'two days' is no wall time"),
        (("--site", "lumi", "--time", "72:00:00"), "propose --time 48:00:00"),
        (("--site", "lumi", "--nodes", "2000"), "propose --nodes 1024"),
        (("--site", "lumi", "--gpus-per-node", "99"), "propose --gpus-per-node 8"),
        (("--on", "kuberay"), "the machines do not see this one's files"),
    ],
)
def test_what_cannot_be_submitted_exits_2(piesweep, words, message):
    """One message that says what is allowed, and exit code 2."""
    result = piesweep("submit", "quickstart", "--store", "results", *words, "--dry-run")
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_profile_with_a_mistake_is_named(piesweep, tmp_path):
    """Unknown keys, and values that would break out of a directive."""
    path = tmp_path / "site.yaml"
    path.write_text('title: x\npartitoin: gpu\naccount: "a b\\n#SBATCH --uid=0"\n')
    result = piesweep("submit", "quickstart", "--store", "results", "--site", path, "--dry-run")
    assert result.exit_code == 2
    assert "unknown key 'partitoin'" in result.stderr
    assert "account" in result.stderr


def test_plan_says_what_a_site_must_give(piesweep):
    """The paper's grid on 16 nodes of LUMI: hours follow from units, files from trials, and all of it fits."""
    result = piesweep("plan", "pie", *FLIGHT, "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    half = 10_920 * 4600 / 3600  # BERT's half of the units takes a whole GPU, the BiLSTM's an eighth
    assert found["gpu_hours"] == pytest.approx(half + half / 8)
    assert found["allocations"] == 3
    assert found["files"] > 2 * found["trials"] > found["compacted_files"]
    assert found["store_bytes"] > found["checkpoint_bytes"] > 0


def test_plan_refuses_what_breaks_a_limit_and_proposes_what_fits(piesweep, tmp_path):
    """A site of five thousand files takes a tenth of the trials' files only if the store is compacted."""
    path = tmp_path / "site.yaml"
    path.write_text(
        "title: small\ngpus_per_node: 8\ncpus_per_node: 64\nlimits: {files: 15000, wall_time: '48:00:00'}\n"
    )
    words = ("plan", "pie", "--site", path, "--seconds-per-unit", "4600", "--nodes", "4", "--time", "24:00:00")
    result = piesweep(*words)
    assert result.exit_code == 2
    assert "propose `piesweep compact STORE` after every allocation" in result.stderr


@pytest.mark.parametrize("free", [100, 20, 0.1])
def test_what_plan_proposes_is_accepted(piesweep, free):
    """A disk too small for the checkpoints of sixteen nodes: the same command with what was proposed is accepted, or,
    where nothing can fit, with the room that was asked for."""
    result = piesweep("plan", "pie", "seeds=2", *FLIGHT, "--store-free", free)
    assert result.exit_code == 2
    last = result.stderr.splitlines()[-1]
    options = re.findall(r"--[a-z-]+ [0-9]+", last)
    room = re.search(r"still needs ([0-9.]+) GB of room", last)
    assert bool(room) == (free == 0.1)
    again = [word for option in options for word in option.split()]
    result = piesweep("plan", "pie", "seeds=2", *FLIGHT, "--store-free", room[1] if room else free, *again)
    assert result.exit_code == 0, result.stderr
    assert again


def test_plan_needs_a_speed(piesweep):
    """Hours cannot be guessed: the message names both ways to give them."""
    result = piesweep("plan", "quickstart", "--site", "lumi")
    assert result.exit_code == 2
    assert "--measured STORE" in result.stderr
    assert "--seconds-per-unit" in result.stderr


def test_preflight_is_quick_and_light():
    """A fresh process answers in seconds and loads neither torch nor Ray."""
    code = (
        "import sys; from runner.command_line import app; "
        f"app(['plan', 'pie', *{FLIGHT!r}], standalone_mode=False); "
        "print([name for name in ('torch', 'ray', 'transformers') if name in sys.modules])"
    )
    began = time.process_time()
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip().endswith("[]")
    assert time.process_time() - began < 2


def test_speed_is_measured_in_a_store(monkeypatch, tmp_path):
    """The median of dense trials' seconds an epoch, times the epochs of the study; children and ingested ones are left
    out, and cells that nobody ran take the slowest of their model."""
    from runner import footprint
    from runner.plan import plan
    from runner.studies import load

    study = plan(load("quickstart", ["training.epochs=4"]))
    records = [record(seconds) for seconds in (10.0, 30.0, 20.0)]
    monkeypatch.setattr(footprint, "commits", lambda root: records)
    speed = footprint.measured(tmp_path, study)
    assert speed.of("movie-snippets", "bilstm") == 4 * 20.0 / 2
    assert speed.of("elsewhere", "bilstm") == 4 * 20.0 / 2
    assert speed.parameters == {"bilstm": 1234}
    assert speed.vendors == {"amd"}


def record(seconds):
    """A commit record of a dense trial of two epochs."""
    from runner.store.schema import CommitRecord, DataFile

    spec = TrialSpec(
        task="movie-snippets",
        data="f",
        model="bilstm",
        architecture="bilstm",
        method="dense",
        seed=0,
        training=Training(epochs=2, batch_size=8, learning_rate=0.1),
    )
    facts = Facts(achieved_sparsity=0.0, seconds=seconds, epochs=2, parameters=1234, device_vendor="amd")
    return CommitRecord(
        trial_id="0" * 16,
        attempt="a" * 12,
        settings=spec.settings(),
        files=(DataFile(path="data/x.parquet", rows=0, bytes=0, sha256="0" * 64),),
        rows={},
        rows_sha256="0" * 64,
        facts=facts,
        host="h",
        committed_at="2026-01-01T00:00:00+00:00",
    )


@pytest.mark.parametrize("name", ["bert", "minilm", "decoder", "bilstm", "convnet"])
def test_declared_sizes_are_the_models(name):
    """What stands in for measured sizes is within a tenth of what the models have."""
    from runner.models import MODELS
    from runner.models.catalogue import describe

    assert MODELS[name].parameters == pytest.approx(describe(name, 2)["parameters"], rel=0.1)


@pytest.mark.parametrize(
    ("on", "seen"), [("slurm", "{folder}/tuned.yaml"), ("kuberay", "/tmp/piesweep-files/1-tuned.yaml")]
)
def test_a_file_of_overrides_goes_along(piesweep, tmp_path, monkeypatch, on, seen):
    """By its whole path where the machines see this one's files, else as a file that travels with the job."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tuned.yaml").write_text("training: {epochs: 2}\n")
    result = piesweep(
        "submit",
        "quickstart",
        "@tuned.yaml",
        "--store",
        "s3://bucket/pie",
        "--on",
        on,
        "--time",
        "24:00:00",
        "--dry-run",
    )
    assert result.exit_code == 0, result.output
    assert f"@{seen.format(folder=tmp_path)}" in result.stdout
    assert ("training: {epochs: 2}" in result.stdout) is (on == "kuberay")


def test_files_of_one_name_travel_side_by_side(piesweep, tmp_path, monkeypatch):
    """Study and overrides of the same name, and a name that Kubernetes does not take: each under a name of its own."""
    monkeypatch.chdir(tmp_path)
    for folder, name, text in (("a", "my study.yaml", SMALL.format(task="imdb")), ("b", "my study.yaml", "seeds: 7\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text)
    words = ("submit", "a/my study.yaml", "@b/my study.yaml", "--store", "/piesweep/x", "--on", "kuberay", "--dry-run")
    result = piesweep(*words)
    assert result.exit_code == 0, result.output
    files, ray_job = yaml.safe_load_all(result.stdout)
    assert files["data"] == {"1-my-study.yaml": SMALL.format(task="imdb"), "2-my-study.yaml": "seeds: 7\n"}
    assert shlex.split(ray_job["spec"]["entrypoint"]) == [
        *("piesweep", "run", "/tmp/piesweep-files/1-my-study.yaml", "--store", "/piesweep/x", "--address", "auto"),
        "@/tmp/piesweep-files/2-my-study.yaml",
    ]


@pytest.mark.parametrize("on", ["slurm", "kuberay", "ray-up"])
def test_data_need_not_lie_on_this_machine(piesweep, tmp_path, monkeypatch, on):
    """A script for other machines names their paths as they were given, and none is looked for here."""
    monkeypatch.chdir(tmp_path)
    own = OWN.replace("./data", "/piesweep/data").replace("data/train", "/piesweep/data/train")
    (tmp_path / "small.yaml").write_text(SMALL.format(task=own))
    tail = ("--store", "/piesweep/pie", "--on", on, "--time", "24:00:00", "--dry-run")
    assert piesweep("submit", "small.yaml", *tail).exit_code == 0
    result = piesweep("submit", "pie", *tail, *changes())
    assert result.exit_code == 0, result.output
    assert "tasks.reuters.data=/piesweep/reuters21578" in result.stdout


@pytest.mark.parametrize("on", ["slurm", "kuberay", "ray-up"])
def test_data_that_nobody_gave_are_missed_before_anything_runs(piesweep, on):
    """A task that needs the user's copy cannot run anywhere without one."""
    tail = ("--store", "/piesweep/pie", "--on", on, "--time", "24:00:00", "--dry-run")
    result = piesweep("submit", "pie", *tail, *changes(**{"tasks.aapd.data": None}))
    assert result.exit_code == 2
    assert "tasks.aapd.data=PATH on the command line" in result.stderr
    assert "reuters" not in result.stderr


def test_paths_of_this_machine_are_refused_for_pods(piesweep, tmp_path, monkeypatch):
    """Relative paths of a study file, of overrides and of a shipped study, and one outside of the claim: each named."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SMALL.format(task=OWN))
    tail = ("--store", "/piesweep/pie", "--on", "kuberay", "--dry-run")
    result = piesweep("submit", "small.yaml", *tail, "models.bilstm.vectors=glove.txt")
    assert result.exit_code == 2
    assert [line.split()[-4:] for line in result.stderr.splitlines()[:3]] == [
        ["tasks.own.train:", "data/train.csv", "is", "relative"],
        ["tasks.own.test:", "./data/test.csv", "is", "relative"],
        ["models.bilstm.vectors:", "glove.txt", "is", "relative"],
    ]
    given = changes(**{"models.bilstm.vectors": None, "tasks.aapd.data": "/home/me/aapd"})
    result = piesweep("submit", "pie", *tail, *given)
    assert result.exit_code == 2
    assert "tasks.aapd.data: /home/me/aapd is on none of the machines" in result.stderr
    assert "models.bilstm.vectors: ./glove.840B.300d.txt is relative" in result.stderr
    assert "reuters" not in result.stderr


def test_nobody_queues_for_a_study_that_cannot_run(piesweep, scheduler):
    """Where machines see this one's files, all that a run needs is looked for before anything is submitted."""
    folder = scheduler("touch submitted")
    words = ("submit", "pie", "--store", folder / "pie", "--on", "slurm", "--site", "lumi")
    result = piesweep(*words, *changes(**dict.fromkeys(INPUTS)))
    assert result.exit_code == 2
    for key in INPUTS:
        assert f"{key}=PATH" in result.stderr
    result = piesweep(*words, *changes())
    assert result.exit_code == 2
    assert "there is no file or folder /piesweep/reuters21578" in result.stderr
    assert list(folder.iterdir()) == []


def test_what_is_there_is_submitted(piesweep, scheduler):
    """With all it needs the study is handed to sbatch, whose answer is shown; script and logs have a folder."""
    folder = scheduler('echo "Submitted batch job 7: $1"')
    (folder / "glove.840B.300d.txt").write_text("a 1\n")
    given = ("tasks.reuters.data=.", "tasks.aapd.data=.")
    result = piesweep("submit", "pie", "--store", "pie", "--on", "slurm", "--site", "lumi", *given)
    assert result.exit_code == 0, result.output
    path = folder / "pie.jobs" / "pie.sbatch"
    assert result.stdout == f"Submitted batch job 7: {path}\n{path}\n"
    assert f"piesweep run pie --store {folder}/pie --address auto tasks.reuters.data=." in path.read_text()


def test_nothing_is_left_of_a_refused_submission(piesweep, scheduler):
    """The scheduler says no, or is not there: exit code 2, its words, and an empty folder."""
    folder = scheduler("echo 'Socket timed out on send/recv' >&2; exit 1")
    words = ("submit", "quickstart", "--store", "q", "--on", "slurm")
    result = piesweep(*words)
    assert result.exit_code == 2
    assert "Socket timed out on send/recv" in result.stderr
    assert list(folder.iterdir()) == []
