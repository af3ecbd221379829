"""From a study to rows in a store."""

from __future__ import annotations

from runner.folders import claim

claim()
