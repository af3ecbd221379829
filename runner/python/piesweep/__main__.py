"""`python -m piesweep` is `piesweep`."""

from __future__ import annotations

from piesweep import main

main()
