"""Texts that are kept as files, and renewed by `make golden` alone."""

from __future__ import annotations

import os
from pathlib import Path

EXPECTED = Path(__file__).resolve().parents[1] / "golden" / "expected"
RENEW = "CLAIMS_EDIT_RENEW_GOLDEN"


def hold(name: str, reported: str, **per_run: str) -> None:
    """Hold a text to the file `name`; each value of `per_run` is written as its name in capitals there."""
    for word, value in per_run.items():
        reported = reported.replace(value, word.upper())
    path = EXPECTED / name
    if os.environ.get(RENEW):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(reported, encoding="utf-8")
    assert path.is_file(), f"{path} is not there: `make golden` makes it; read it before you keep it"
    assert reported == path.read_text(encoding="utf-8"), (
        f"{path} differs: if the new text is right, `make golden` keeps it"
    )
