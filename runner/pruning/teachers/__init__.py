"""The teachers, other networks to learn from: one file each beside this one, one line each in TEACHERS."""

from __future__ import annotations

from runner.pruning.teachers.base import Teacher
from runner.pruning.teachers.dense_parent import DenseParent
from runner.pruning.teachers.regularizing import Regularizing

TEACHERS: dict[str, Teacher] = {
    "dense-parent": DenseParent(),
    "best-so-far": Regularizing(),
    "fine-tuned": Regularizing(source="dense-parent"),
}
