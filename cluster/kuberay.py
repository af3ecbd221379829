"""Kubernetes: a RayJob for the KubeRay operator, which makes a Ray cluster, runs the command and takes it down.

Fields: KubeRay API reference, ray.io/v1 (docs.ray.io, "KubeRay CRD API reference", operator 1.5.1).
"""

from __future__ import annotations

import shlex
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from cluster.launcher import FILES_FOLDER, Job, Launcher, LaunchError, call, ray_job_environment, refuse_paths
from cluster.site import Kubernetes, Site, ray_with_tokens

GPU = {"nvidia": "nvidia.com/gpu", "amd": "amd.com/gpu"}
RETRIES = 3
"""How often KubeRay makes a new cluster after one that failed; each goes on where the last one stopped."""

HEADER = """\
# {name} on {title}: written by `piesweep submit`, yours to read, keep and edit.
#
#   kubectl apply --filename THIS_FILE          to start it
#   kubectl get rayjob {name} --namespace {namespace}
#   kubectl delete --filename THIS_FILE         then apply again: what is done stays done
#
# Needs the KubeRay operator {operator} or later, and the claim '{claim}', which every pod mounts (ReadWriteMany).
"""


def script(job: Job, site: Site) -> str:
    """The manifest. LaunchError if the profile says nothing of Kubernetes, or a path is on no volume; SiteError if
    it names no version of Ray and the one installed here is too old."""
    pods = _pods(job, site)
    documents = [_files(job, pods)] if job.files else []
    text = yaml.safe_dump_all([*documents, _ray_job(job, site, pods)], sort_keys=False, width=120)
    said = {"namespace": pods.namespace, "operator": pods.operator, "claim": pods.claim}
    return HEADER.format(name=job.name, title=site.title, **said) + text


def submit(path: Path, job: Job) -> str:
    """Apply the manifest, in place of one of that name that has ended; one at work is left alone."""
    purpose = f"submit '{job.name}' to Kubernetes"
    state = "jsonpath={..status.jobDeploymentStatus}"  # of one document or of several
    found = call(["kubectl", "get", "--filename", str(path), "--ignore-not-found", "--output", state], purpose)
    if found in ("Initializing", "Running", "Waiting", "Retrying"):
        raise LaunchError(
            f"RayJob '{job.name}' is at work ({found}); wait for its end, delete it, or give another --name"
        )
    if found:
        call(["kubectl", "delete", "--filename", str(path), "--ignore-not-found", "--wait"], purpose)
    return call(["kubectl", "apply", "--filename", str(path)], purpose)


def _pods(job: Job, site: Site) -> Kubernetes:
    if site.kubernetes is None:
        raise LaunchError(
            f"site '{site.name}' has no `kubernetes` section (image, claim, ...); copy the site 'kubernetes'"
        )
    if job.name[0].isdigit():  # it becomes part of a Service's name, which must begin with a letter
        raise LaunchError(f"job name '{job.name}': KubeRay's must begin with a letter; give --name")
    mount = site.kubernetes.mount
    refuse_paths(
        job, (mount, FILES_FOLDER), f"give paths below {mount}, where every pod mounts the claim (KEY={mount}/...)"
    )
    return site.kubernetes


def _files(job: Job, pods: Kubernetes) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": job.name, "namespace": pods.namespace},
        "data": {name: path.read_text(encoding="utf-8") for name, path in job.files.items()},
    }


def _ray_job(job: Job, site: Site, pods: Kubernetes) -> dict[str, Any]:
    worker = {
        "groupName": "workers",
        "replicas": job.nodes,
        "minReplicas": job.nodes,
        "maxReplicas": job.nodes,
        "rayStartParams": {"num-gpus": str(job.gpus_per_node), "num-cpus": str(job.cpus_per_node)},
        "template": _pod(job, site, pods, "ray-worker"),
    }
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayJob",
        "metadata": {"name": job.name, "namespace": pods.namespace},
        "spec": {
            "entrypoint": shlex.join(job.command),
            "runtimeEnvYAML": yaml.safe_dump({"env_vars": ray_job_environment(job, site.join)}),
            "shutdownAfterJobFinishes": True,
            "ttlSecondsAfterFinished": 600,
            "backoffLimit": RETRIES,
            "activeDeadlineSeconds": job.seconds * (1 + RETRIES),
            "rayClusterSpec": {
                "rayVersion": pods.ray or ray_with_tokens(version("ray")),
                "authOptions": {"mode": "token"},
                # The head schedules, it does not train: a pod that runs out of memory must not take the cluster along.
                "headGroupSpec": {
                    "rayStartParams": {"num-cpus": "0", "num-gpus": "0"},
                    "template": _pod(job, site, pods, "ray-head"),
                },
                "workerGroupSpecs": [worker],
            },
        },
    }


def _pod(job: Job, site: Site, pods: Kubernetes, container: str) -> dict[str, Any]:
    volumes: list[dict[str, Any]] = [{"name": "stores", "persistentVolumeClaim": {"claimName": pods.claim}}]
    mounts = [{"name": "stores", "mountPath": pods.mount}]
    if job.files:
        volumes.append({"name": "files", "configMap": {"name": job.name}})
        mounts.append({"name": "files", "mountPath": FILES_FOLDER})
    is_head = container == "ray-head"
    wanted = {"cpu": "2", "memory": "8Gi"} if is_head else _resources(job, site, pods)
    described: dict[str, Any] = {
        "name": container,
        "image": pods.image,
        "resources": {"requests": dict(wanted), "limits": wanted},
        "volumeMounts": mounts,
    }
    if site.environment:
        described["env"] = [{"name": name, "value": value} for name, value in site.environment.items()]
    spec: dict[str, Any] = {"containers": [described], "volumes": volumes}
    if pods.node_selector and not is_head:
        spec["nodeSelector"] = dict(pods.node_selector)
    return {"spec": spec}


def _resources(job: Job, site: Site, pods: Kubernetes) -> dict[str, str]:
    wanted = {"cpu": str(job.cpus_per_node), "memory": pods.memory_per_node}
    if job.gpus_per_node and site.vendor in GPU:
        wanted[GPU[site.vendor]] = str(job.gpus_per_node)
    return wanted


LAUNCHER = Launcher(
    title="a RayJob under KubeRay",
    script=script,
    submit=submit,
    ending=".rayjob.yaml",
    site="kubernetes",
    sees_files=False,
)
