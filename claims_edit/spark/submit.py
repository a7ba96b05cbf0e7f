"""The program that `spark-submit` starts: `claims-edit run --engine spark` with the given arguments (docs/scale.md)."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != here]  # no module of it is a library
    sys.argv[1:1] = ["run", "--engine", "spark"]

    runpy.run_module("claims_edit", run_name="__main__")
