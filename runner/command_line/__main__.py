"""`python -m runner.command_line` is `piesweep`."""

from __future__ import annotations

from runner.command_line import main

main()
