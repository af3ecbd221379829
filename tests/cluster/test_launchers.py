"""What launchers write: scripts that a shell accepts, manifests that the published schemas accept, odd words intact."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from cluster import LAUNCHERS, SITES, Job, LaunchError, Site, load_site
from cluster.launcher import FILES_FOLDER
from cluster.site import SiteError
from tests.cluster import rayjob_crd

FIXTURES = Path(__file__).parent
PROGRAMS = Path(sys.executable).parent
SLURM_SITES = ("lumi", "nvidia-slurm")


def job(folder: Path, *, on: str = "slurm", **changes: Any) -> Job:
    """A job as `piesweep submit` describes one."""
    store = "/piesweep/pie" if on == "kuberay" else "s3://bucket/pie"
    values: dict[str, Any] = {
        "name": "pie",
        "command": ("piesweep", "run", "pie", "--store", store, "--address", "auto", "methods=[imp-ft, mp-ai]"),
        "progress": ("piesweep", "status", store, "--progress"),
        "nodes": 2,
        "cpus_per_node": 8,
        "gpus_per_node": 4,
        "seconds": 7200,
        "folder": folder,
        "logs": folder / "logs",
    }
    return Job(**{**values, **changes})


def here(folder: Path, **changes: Any) -> Job:
    """A job for this machine, as the laptop's profile has it."""
    site = load_site("laptop")
    shape = {"nodes": 1, "cpus_per_node": 1, "gpus_per_node": 0, "seconds": site.wall_time}
    return job(folder, **{**shape, **changes})


@pytest.mark.parametrize("name", SITES)
def test_shipped_sites_are_read(name: str) -> None:
    """Every shipped profile is valid and says what it is."""
    assert load_site(name).title


@pytest.mark.parametrize("site", SLURM_SITES)
def test_batch_scripts_are_sound_shell(site: str, tmp_path: Path) -> None:
    """bash reads the script for LUMI and for a plain NVIDIA cluster, and shellcheck finds nothing to warn of."""
    path = tmp_path / "job.sbatch"
    path.write_text(LAUNCHERS["slurm"].script(job(tmp_path, programs=PROGRAMS), load_site(site)))
    subprocess.run(["bash", "-n", str(path)], check=True)
    command = [PROGRAMS / "shellcheck", "--severity=warning", path]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, "")


@pytest.mark.parametrize("site", SLURM_SITES)
def test_batch_scripts_as_they_were_looked_at(site: str, golden: Any) -> None:
    """A change in what people are given to read shows here."""
    script = LAUNCHERS["slurm"].script(job(Path("/shared/work")), load_site(site))
    golden(f"sbatch-{site}.json", script.splitlines())


def test_amd_nodes_get_both_names_of_their_gpus(tmp_path: Path) -> None:
    """Ray refuses ROCR_VISIBLE_DEVICES, which Slurm sets, without HIP_VISIBLE_DEVICES; CUDA's would leak to workers."""
    script = LAUNCHERS["slurm"].script(job(tmp_path, gpus_per_node=8), load_site("lumi"))
    assert "export HIP_VISIBLE_DEVICES=0,1,2,3,4,5,6,7\nunset CUDA_VISIBLE_DEVICES" in script
    assert "HIP_VISIBLE_DEVICES" not in LAUNCHERS["slurm"].script(job(tmp_path), load_site("nvidia-slurm"))


@pytest.mark.parametrize(
    "word", ["a b", "it's", '"', "$HOME", "$(touch hit)", "`touch hit`", "; touch hit", "*", "{{ x }}", "é"]
)
def test_words_reach_the_command_as_they_are(word: str, tmp_path: Path) -> None:
    """Whatever a path or override has in it, the script hands it on as one word and runs nothing of it."""
    told = (sys.executable, "-c", "import json, sys; print(json.dumps(sys.argv[1:]))", word)
    script = LAUNCHERS["local"].script(here(tmp_path, command=told), load_site("laptop"))
    found = subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert json.loads(found.stdout) == [word]
    assert not (tmp_path / "hit").exists()
    batch = LAUNCHERS["slurm"].script(job(tmp_path, command=told), load_site("nvidia-slurm"))
    assert f'exec "${{inside[@]}}" {shlex.join(told)})' in batch


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Pie"},
        {"name": "a" * 41},
        {"command": ("run", "a\n#SBATCH --account=other")},
        {"logs": Path("/a\nb")},
    ],
)
def test_jobs_that_no_script_can_carry_are_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    """Names that a scheduler does not take, and line breaks that would end a directive."""
    with pytest.raises(LaunchError):
        job(tmp_path, **changes)


def test_a_wall_time_that_is_over_at_once_is_refused(tmp_path: Path) -> None:
    """There must be time for a cluster to stand and for work to be saved."""
    with pytest.raises(LaunchError, match="00:01:00 is over before a cluster stands"):
        LAUNCHERS["slurm"].script(job(tmp_path, seconds=60), load_site("nvidia-slurm"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"nodes": 2}, "--nodes 2"),
        ({"seconds": 7200}, "--time 02:00:00"),
        ({"cpus_per_node": 8, "gpus_per_node": 4}, "--cpus-per-node 8 --gpus-per-node 4"),
    ],
)
def test_this_machine_is_not_asked_for_what_a_scheduler_gives(
    changes: dict[str, Any], words: str, tmp_path: Path
) -> None:
    """Several machines, an end, a share of one: the local launcher says that it has none of it."""
    with pytest.raises(LaunchError, match=f"^{words}: --on local has this machine, whole and without an end"):
        LAUNCHERS["local"].script(here(tmp_path, **changes), load_site("laptop"))


def test_a_sites_modules_are_loaded_on_this_machine_too(tmp_path: Path) -> None:
    """The local script does what the batch script does before the command: setup, modules, environment."""
    told = (sys.executable, "-c", "import os; print(os.environ['LOADED'], os.environ['A'])")
    changes = {"setup": ("module() { export LOADED=$2; }",), "modules": ("rocm/6.2",), "environment": {"A": "b c"}}
    site = load_site("laptop").model_copy(update=changes)
    script = LAUNCHERS["local"].script(here(tmp_path, command=told), site)
    found = subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert found.stdout == "rocm/6.2 b c\n"


def test_a_scratch_too_long_for_rays_sockets_is_refused(tmp_path: Path) -> None:
    """Every node would fail with it: the message says how long it is and how long it may be."""
    path = tmp_path / "site.yaml"
    path.write_text("title: mine\nscratch: /local/scratch/users2\n")
    with pytest.raises(SiteError, match=r"scratch: .* has 21 characters, .* allowed are 20: give a shorter path"):
        load_site(str(path))


@pytest.mark.parametrize("launcher", ["slurm", "kuberay", "ray-up"])
def test_an_absent_scheduler_is_named(launcher: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the program is missing, the message says which one and what to do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LaunchError, match=r"is not on this machine's PATH.*--dry-run"):
        LAUNCHERS[launcher].submit(tmp_path / "file", job(tmp_path))


def documents(on: str, site: Site, folder: Path, **changes: Any) -> list[Any]:
    """What a launcher writes, read as YAML."""
    return list(yaml.safe_load_all(LAUNCHERS[on].script(job(folder, on=on, **changes), site)))


@pytest.mark.parametrize("vendor", ["nvidia", "amd", "cpu"])
def test_ray_jobs_fit_kuberays_schema(vendor: str, tmp_path: Path) -> None:
    """The manifest has the fields and types of ray.io/v1 RayJob, and its pods and files those of Kubernetes itself."""
    (tmp_path / "study.yaml").write_text("name: mine\n")
    site = load_site("kubernetes").model_copy(update={"vendor": vendor, "environment": {"A": "b"}})
    files = {"study.yaml": tmp_path / "study.yaml"}
    config, ray_job = documents("kuberay", site, tmp_path, files=files)
    kubernetes_validate.validate(config, "1.31", strict=True)
    rayjob_crd.validate(ray_job["spec"])
    jsonschema.validate(ray_job, yaml.safe_load((FIXTURES / "rayjob_schema.yaml").read_text()))
    cluster = ray_job["spec"]["rayClusterSpec"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, **group["template"]}
        kubernetes_validate.validate(pod, "1.31", strict=True)
    wanted = cluster["workerGroupSpecs"][0]["template"]["spec"]["containers"][0]["resources"]["limits"]
    assert wanted.get("nvidia.com/gpu") == ("4" if vendor == "nvidia" else None)
    assert wanted.get("amd.com/gpu") == ("4" if vendor == "amd" else None)


@pytest.mark.parametrize(
    ("where", "field", "value"),
    [
        ((), "shutdownAfterJobFinish", True),
        ((), "backoffLimit", "3"),
        ((), "deletionStrategy", {}),
        (("rayClusterSpec", "authOptions"), "mode", "tokens"),
        (("rayClusterSpec", "headGroupSpec", "template", "spec"), "container", []),
        (("rayClusterSpec", "headGroupSpec", "template", "spec", "volumes", 0), "name", None),
    ],
)
def test_the_published_schema_refuses_what_kuberay_would_not_take(
    where: tuple[Any, ...], field: str, value: Any, tmp_path: Path
) -> None:
    """A misspelt field, a wrong type or word, a rule that we do not check, each fails: the check above can fail."""
    (ray_job,) = documents("kuberay", load_site("kubernetes"), tmp_path)
    part = ray_job["spec"]
    for step in where:
        part = part[step]
    part[field] = value
    with pytest.raises(jsonschema.ValidationError):
        rayjob_crd.validate(ray_job["spec"])


def test_the_schema_is_the_one_that_kuberay_publishes() -> None:
    """Written out, it has the length of the published file, and its text wherever that was read (quotes aside)."""
    text = rayjob_crd.text()
    assert len(text) == 794_232
    read = {
        16_000: "nt64\n",
        32_000: 27 * " " + "type: boolean\n",
        160_000: "quired:\n" + 46 * " " + "- port\n",
        222_000: 22 * " " + "type: array\n",
        238_000: 32 * " " + "type: integer\n",
        273_500: 14 * " " + "- signerName\n",
        288_000: "\n" + 42 * " " + "properties:\n",
        289_500: r"*)?)|(\.[0-9]+))))?$",
        304_000: 43 * " " + "- type: string\n",
        320_000: 44 * " " + "type: string\n",
        552_000: 42 * " " + "type: string\n",
        568_000: "ations:\n",
        780_000: 45 * " " + "- type: string\n",
    }
    assert {offset: text[offset : offset + len(found)] for offset, found in read.items()} == read


def test_what_older_operators_take_is_part_of_the_published_schema() -> None:
    """Every field that the narrower schema names is in the published one, with the same type."""

    def compare(narrow: dict[str, Any], wide: dict[str, Any]) -> None:
        narrow = definitions[narrow["$ref"].rsplit("/", 1)[1]] if "$ref" in narrow else narrow
        assert narrow.get("type", "string") == wide["type"]
        for name, inner in narrow.get("properties", {}).items():
            compare(inner, wide["properties"][name])
        for word in {"items", "additionalProperties"} & narrow.keys():
            if isinstance(narrow[word], dict):
                compare(narrow[word], wide[word])

    schema = yaml.safe_load((FIXTURES / "rayjob_schema.yaml").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    definitions = schema["$defs"]
    compare(schema["properties"]["spec"], rayjob_crd.published())


def test_a_job_name_that_kuberay_refuses_is_refused(tmp_path: Path) -> None:
    """Its operator makes Services of the name, which Kubernetes wants to begin with a letter."""
    with pytest.raises(LaunchError, match=r"job name '2nd': KubeRay's must begin with a letter; give --name"):
        documents("kuberay", load_site("kubernetes"), tmp_path, name="2nd")


def test_a_profile_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    """Aliases of aliases make gigabytes of a few lines; a profile needs none."""
    path = tmp_path / "site.yaml"
    path.write_text("title: mine\na: &a [x, x]\nb: &b [*a, *a]\nsetup: [*b, *b]\n")
    with pytest.raises(SiteError, match=r"the alias \*a is not allowed in a site profile"):
        load_site(str(path))


@pytest.mark.parametrize("ray", ["2.51.1", "latest"])
def test_a_ray_without_tokens_is_refused(ray: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KubeRay takes `authOptions` from Ray 2.52 on, be it the version of a profile or the one installed here."""
    path = tmp_path / "site.yaml"
    refused = f"Ray '{ray}' knows no tokens.* allowed is 2.52 or later: put it in the image"
    text = "title: mine\nkubernetes: {{image: piesweep, claim: stores, ray: {}}}\n"
    path.write_text(text.format(ray))
    with pytest.raises(SiteError, match=refused):
        load_site(str(path))
    monkeypatch.setattr("cluster.kuberay.version", lambda package: ray)
    with pytest.raises(SiteError, match=refused):
        documents("kuberay", load_site("kubernetes"), tmp_path)
    path.write_text(text.format("2.100.0"))
    (ray_job,) = documents("kuberay", load_site(str(path)), tmp_path)
    assert ray_job["spec"]["rayClusterSpec"]["rayVersion"] == "2.100.0"


def test_ray_jobs_clean_up_after_themselves(tmp_path: Path) -> None:
    """The cluster goes when the job ends, needs a password, and is made again, a few times, after a failure."""
    (ray_job,) = documents("kuberay", load_site("kubernetes"), tmp_path)
    spec = ray_job["spec"]
    assert spec["shutdownAfterJobFinishes"] is True
    assert spec["ttlSecondsAfterFinished"] > 0
    assert spec["backoffLimit"] > 0
    assert spec["rayClusterSpec"]["authOptions"] == {"mode": "token"}
    assert shlex.split(spec["entrypoint"]) == list(job(tmp_path, on="kuberay").command)


PATHS = {
    "--store": "/piesweep/pie",
    "tasks.imdb.data": "/piesweep/../home/me/imdb",
    "tasks.own.train": "data/train.csv",
    "models.bilstm.vectors": "/piesweeper/glove.txt",
}


def test_paths_that_no_pod_sees_are_refused(tmp_path: Path) -> None:
    """What lies outside of the mounted claim is in no pod, or lost with it: each such path is named."""
    with pytest.raises(LaunchError) as refused:
        documents("kuberay", load_site("kubernetes"), tmp_path, paths=PATHS)
    assert str(refused.value).splitlines() == [
        "tasks.imdb.data: /piesweep/../home/me/imdb is on none of the machines",
        "tasks.own.train: data/train.csv is relative",
        "models.bilstm.vectors: /piesweeper/glove.txt is on none of the machines",
        "give paths below /piesweep, where every pod mounts the claim (KEY=/piesweep/...)",
    ]
    assert documents("kuberay", load_site("kubernetes"), tmp_path, paths={"--store": "/piesweep/pie"})


def test_relative_paths_mean_nothing_in_a_cloud(tmp_path: Path) -> None:
    """Machines of a cloud may have any absolute path."""
    with pytest.raises(LaunchError) as refused:
        documents("ray-up", load_site("aws"), tmp_path, paths=PATHS)
    assert "tasks.own.train: data/train.csv is relative\n" in str(refused.value)
    assert "tasks.imdb.data" not in str(refused.value)


def test_ray_jobs_wait_for_their_nodes(tmp_path: Path) -> None:
    """The head is up long before the machines: a job is told how many to wait for, and the cloud's printed command
    says the same."""
    (ray_job,) = documents("kuberay", load_site("kubernetes"), tmp_path)
    told = yaml.safe_load(ray_job["spec"]["runtimeEnvYAML"])["env_vars"]
    assert (told["PIESWEEP_NODES"], told["PIESWEEP_JOIN_SECONDS"]) == ("2", "300")
    printed = LAUNCHERS["ray-up"].script(job(tmp_path, on="ray-up"), load_site("aws"))
    (line,) = [line for line in printed.splitlines() if line.startswith("#   ray exec THIS_FILE") and "submit" in line]
    words = shlex.split(shlex.split(line.removeprefix("#"))[3])
    told = json.loads(words[words.index("--runtime-env-json") + 1])["env_vars"]
    assert (told["PIESWEEP_NODES"], told["PIESWEEP_JOIN_SECONDS"]) == ("2", "1800")
    assert told["RAY_JOB_STOP_WAIT_TIME_S"] == "90"
    assert words[words.index("--") + 1 :] == list(job(tmp_path).command)


def test_cloud_files_fit_rays_schema(tmp_path: Path) -> None:
    """The cluster file has the fields that Ray's own schema knows, and every machine is asked for the password."""
    schema = json.loads(distribution("ray").locate_file("ray/autoscaler/ray-schema.json").read_text())
    files = {"study.yaml": tmp_path / "study.yaml"}
    (cluster,) = documents("ray-up", load_site("aws"), tmp_path, files=files)
    jsonschema.validate(cluster, schema)
    assert cluster["available_node_types"]["worker"]["min_workers"] == 2
    assert cluster["file_mounts"][f"{FILES_FOLDER}/study.yaml"] == str(tmp_path / "study.yaml")
    starts = [
        line for part in ("head", "worker") for line in cluster[f"{part}_start_ray_commands"] if " start " in line
    ]
    assert len(starts) == 2
    assert all("RAY_AUTH_MODE=token" in line for line in starts)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**cluster, "worker_count": 2}, schema)
