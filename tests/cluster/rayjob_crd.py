"""The published CustomResourceDefinition of ray.io/v1 RayJob, put together again from its parts.

KubeRay publishes files of 800,000 characters, most of which repeat what Kubernetes says of pods. Beside this file lies
what is KubeRay's own (rayjob_crd.yaml); the rest comes from Kubernetes' own definitions of version 1.37, the one that
the file was generated with. `text` writes the whole file again, as its generator does (controller-gen 0.16.5): its
length and its text at many places are those of the published one, which a test checks.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import jsonschema
import yaml

Schema = dict[str, Any]

KUBERNETES = "kubernetes_validate/kubernetes-json-schema/v1.37.0-local/_definitions.json"
STRING: Schema = {"type": "string"}
STRINGS: Schema = {"type": "object", "additionalProperties": STRING}
WHOLE_OR_WORDS = [{"type": "integer"}, STRING]
QUANTITY = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)
CONDITION = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
)
OF_ITS_OWN: dict[str, Schema] = {
    "IntOrString": {"anyOf": WHOLE_OR_WORDS, "x-kubernetes-int-or-string": True},
    "Quantity": {"anyOf": WHOLE_OR_WORDS, "pattern": QUANTITY, "x-kubernetes-int-or-string": True},
    "Time": {"type": "string", "format": "date-time"},
    "ObjectMeta": {
        "type": "object",
        "properties": {
            "annotations": STRINGS,
            "finalizers": {"type": "array", "items": STRING},
            "labels": STRINGS,
            "name": STRING,
            "namespace": STRING,
        },
    },
}
"""Kinds that a CustomResourceDefinition writes otherwise than Kubernetes' definitions do."""

NAMED = {"properties": {"name": {"default": ""}}}
NAMED_AT_ONCE = {**NAMED, "x-kubernetes-map-type": "atomic"}
MARKED: dict[str, Schema] = {
    "AzureDiskVolumeSource": {"properties": {"fsType": {"default": "ext4"}, "readOnly": {"default": False}}},
    "Condition": {
        "properties": {
            "message": {"maxLength": 32768},
            "observedGeneration": {"minimum": 0},
            "reason": {"maxLength": 1024, "minLength": 1, "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"},
            "status": {"enum": ["True", "False", "Unknown"]},
            "type": {"maxLength": 316, "pattern": CONDITION},
        }
    },
    "ConfigMapEnvSource": NAMED_AT_ONCE,
    "ConfigMapKeySelector": NAMED,
    "ConfigMapProjection": NAMED_AT_ONCE,
    "ConfigMapVolumeSource": NAMED_AT_ONCE,
    "ContainerPort": {"properties": {"protocol": {"default": "TCP"}}},
    "FileKeySelector": {"properties": {"optional": {"default": False}}},
    "GRPCAction": {"properties": {"service": {"default": ""}}},
    "ISCSIVolumeSource": {"properties": {"iscsiInterface": {"default": "default"}}},
    "LocalObjectReference": NAMED,
    "PortStatus": {
        "required": ["error", "port", "protocol"],
        "properties": {"error": {"maxLength": 316, "pattern": CONDITION}},
    },
    "RBDVolumeSource": {
        "properties": {
            "keyring": {"default": "/etc/ceph/keyring"},
            "pool": {"default": "rbd"},
            "user": {"default": "admin"},
        }
    },
    "ScaleIOVolumeSource": {
        "properties": {"fsType": {"default": "xfs"}, "storageMode": {"default": "ThinProvisioned"}}
    },
    "SecretEnvSource": NAMED_AT_ONCE,
    "SecretKeySelector": NAMED,
    "SecretProjection": NAMED_AT_ONCE,
    "ServicePort": {"properties": {"protocol": {"default": "TCP"}}},
}
"""What the sources of Kubernetes say in marks that its definitions leave out: defaults, bounds, maps set at once."""

LEFT_OUT = ("description", "x-kubernetes-patch-merge-key", "x-kubernetes-patch-strategy", "x-kubernetes-unions")


@cache
def published() -> Schema:
    """The schema of a RayJob's `spec`, as the API server checks it."""
    return _whole(yaml.safe_load(Path(__file__).with_name("rayjob_crd.yaml").read_text()))


def validate(spec: Schema) -> None:
    """jsonschema.ValidationError unless a RayJob's `spec` fits."""
    _validator().validate(spec)


@cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(_strict(published()))


def _strict(schema: Schema) -> Schema:
    """As JSON schema, and as `kubectl` asks for: a field that is not known is refused, as is one with rules in CEL,
    which no JSON schema can say."""
    if "x-kubernetes-validations" in schema:
        return {"not": {}}
    changed = dict(schema)
    if "properties" in schema:
        changed["properties"] = {name: _strict(inner) for name, inner in schema["properties"].items()}
        changed["additionalProperties"] = False
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            changed[word] = _strict(schema[word])
    return changed


def text() -> str:
    """The file in which KubeRay publishes that schema: the CustomResourceDefinition of RayCronJob."""
    columns = [
        (".spec.schedule", "schedule", "string"),
        (".spec.timeZone", "timezone", "string"),
        (".status.lastScheduleTime", "last schedule", "date"),
        (".metadata.creationTimestamp", "age", "date"),
        (".spec.suspend", "suspend", "boolean"),
    ]
    fields = {
        "jobTemplate": published(),
        "schedule": STRING,
        "suspend": {"type": "boolean"},
        "timeZone": {"type": "string", "minLength": 1},
    }
    status = {"type": "object", "properties": {"lastScheduleTime": OF_ITS_OWN["Time"]}}
    spec = {"type": "object", "required": ["jobTemplate", "schedule"], "properties": fields}
    top = {"apiVersion": STRING, "kind": STRING, "metadata": {"type": "object"}, "spec": spec, "status": status}
    version = {
        "additionalPrinterColumns": [{"jsonPath": path, "name": name, "type": kind} for path, name, kind in columns],
        "name": "v1",
        "schema": {"openAPIV3Schema": {"type": "object", "properties": top}},
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
    }
    names = {"kind": "RayCronJob", "listKind": "RayCronJobList", "plural": "raycronjobs", "singular": "raycronjob"}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "annotations": {"controller-gen.kubebuilder.io/version": "v0.16.5"},
            "name": "raycronjobs.ray.io",
        },
        "spec": {
            "group": "ray.io",
            "names": {"categories": ["all"], **names},
            "scope": "Namespaced",
            "versions": [version],
        },
    }
    return "---\n" + yaml.dump(definition, Dumper=_WithoutAliases, sort_keys=True, width=80)


class _WithoutAliases(yaml.SafeDumper):
    """Writes a part that comes twice, twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


@cache
def _definitions() -> dict[str, Schema]:
    path = distribution("kubernetes-validate").locate_file(KUBERNETES)
    return {
        name.rsplit(".", 1)[1]: schema
        for name, schema in json.loads(Path(str(path)).read_text())["$defs"].items()
        if name.startswith(
            ("io.k8s.api.core.v1.", "io.k8s.api.networking.v1.", "io.k8s.apimachinery.pkg.apis.meta.v1.")
        )
    }


@cache
def _kind(name: str) -> Schema:
    if name in OF_ITS_OWN:
        return OF_ITS_OWN[name]
    schema, marks = _whole(_definitions()[name]), MARKED.get(name, {})
    said = marks.get("properties", {})
    fields = {field: {**inner, **said.get(field, {})} for field, inner in schema["properties"].items()}
    return {**schema, **marks, "properties": fields}


def _whole(schema: Schema) -> Schema:
    """With what it names put in its place, in the words of a CustomResourceDefinition."""
    if "$ref" in schema:
        return _kind(schema["$ref"].rsplit("/", 1)[-1].rsplit(".", 1)[-1])
    whole = {word: value for word, value in schema.items() if word not in LEFT_OUT}
    if isinstance(whole.get("type"), list):  # Kubernetes' definitions allow null, where a definition has `nullable`
        (whole["type"],) = (kind for kind in whole["type"] if kind != "null")
    if "properties" in whole:
        whole["properties"] = {name: _whole(inner) for name, inner in whole["properties"].items()}
    if "required" in whole:
        whole["required"] = sorted(whole["required"])
    for word in ("items", "additionalProperties"):
        if isinstance(whole.get(word), dict):
            whole[word] = _whole(whole[word])
    return whole
