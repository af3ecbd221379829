"""The teachers, other networks to learn from: one file each beside this one, one line each in TEACHERS."""

from __future__ import annotations

from runner.pruning.teachers.base import Teacher
from runner.pruning.teachers.dense_parent import DenseParent

TEACHERS: dict[str, Teacher] = {
    "dense-parent": DenseParent(),
}
