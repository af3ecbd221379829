"""`piesweep submit` and `piesweep plan --site`: what people see before anything is handed over."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from runner.spec import Training, TrialSpec
from runner.store.schema import Facts

FLIGHT = ("--site", "lumi", "--seconds-per-unit", "4600", "--nodes", "16")


def test_a_dry_run_prints_the_script_and_changes_nothing(piesweep, tmp_path, monkeypatch):
    """The command of the README, and an empty folder after it."""
    monkeypatch.chdir(tmp_path)
    words = (
        "submit pie --store /scratch/pie --on slurm --nodes 16 --gpus-per-node 8 --time 48:00:00 --site lumi --dry-run"
    )
    result = piesweep(*words.split())
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
    result = piesweep(*words, "--store-free", "1")
    assert "exceed the 1.00 GB there are; propose fewer nodes" in result.stderr


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
    from runner.store.schema import CommitRecord

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
        trial_id="0",
        attempt="a",
        settings=spec.settings(),
        files=(),
        rows={},
        rows_sha256="",
        facts=facts,
        host="h",
        committed_at="now",
    )


@pytest.mark.parametrize("name", ["bert", "minilm", "bilstm", "convnet"])
def test_parameters_of_the_table_are_the_models(name):
    """The table that stands in for measured sizes is within a tenth of what the models have."""
    from runner.footprint import PARAMETERS
    from runner.models.catalogue import describe

    assert PARAMETERS[name] == pytest.approx(describe(name, 2)["parameters"], rel=0.1)


@pytest.mark.parametrize(
    ("on", "seen"), [("slurm", "{folder}/tuned.yaml"), ("kuberay", "/tmp/piesweep-files/tuned.yaml")]
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
