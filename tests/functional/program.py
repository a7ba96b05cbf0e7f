"""The program as an operator runs it, and small extracts for it."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).resolve().parents[2]
DECK = ROOT / "sample_claims"
AS_OF = ("--as-of", "2026-11-20")
UNREPORTED = (*AS_OF, "--reports", "none")  # of a run whose decisions are read, and none of its reports
COLUMNS = (
    "claim_id", "claim_line_number", "claim_type", "member_id", "payer", "line_of_business", "claim_start_date",
    "hcpcs_code", "diagnosis_code_1", "charge_amount",
)  # fmt: skip
PER_RUN = ("run_id", "source_file")

Row = dict[str, str]


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def faults(self) -> list[str]:
        """The lines on standard error."""
        return self.err.splitlines()


def command_line(*arguments: object) -> list[str]:
    """The program with these arguments, in this interpreter."""
    return [sys.executable, "-m", "claims_edit", *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    """This process's environment, with the project importable from anywhere."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return os.environ | {"PYTHONPATH": path} | more


def program(*arguments: object, cwd: Path = ROOT, **env: str) -> Done:
    """Run the program in a process of its own."""
    done = subprocess.run(
        command_line(*arguments), cwd=cwd, env=environment(**env), capture_output=True, text=True, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


def called(*arguments: object) -> Done:
    """Run the program in this process: the same `main`, without the price of a new interpreter."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    before, sys.argv = sys.argv, ["claims-edit", *map(str, arguments)]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as stop:
        code = stop.code
    finally:
        sys.argv = before
    assert isinstance(code, int)
    return Done(code, out.getvalue(), err.getvalue())


def line(number: int, **changes: str) -> Row:
    """A sound claim line; every third one carries a candidate code, which Regence denies."""
    return {
        "claim_id": f"CL{number:07}",
        "claim_line_number": "1",
        "claim_type": "professional",
        "member_id": f"M{number}",
        "payer": "Regence",
        "line_of_business": "commercial",
        "claim_start_date": "2026-03-01",
        "hcpcs_code": "0600T" if number % 3 == 0 else "99213",
        "diagnosis_code_1": "C250",
        "charge_amount": f"{number}.25",
        **changes,
    }


def claim(claim_id: str, frequency: str = "1", original: str = "", code: str = "0600T", charge: str = "10.00") -> Row:
    """A claim of one line, which Regence denies, and the claim that it replaces or voids."""
    return {
        "claim_id": claim_id, "claim_line_number": "1", "claim_type": "professional", "member_id": "M1",
        "payer": "Regence", "line_of_business": "commercial", "claim_start_date": "2026-02-03", "hcpcs_code": code,
        "diagnosis_code_1": "C220", "charge_amount": charge, "claim_frequency_code": frequency,
        "original_claim_id": original,
    }  # fmt: skip


def lines(count: int) -> list[Row]:
    """Claim lines 1 to `count`."""
    return [line(number) for number in range(1, count + 1)]


def csv_text(rows: Iterable[Row], columns: Sequence[str] = COLUMNS, **dialect: Any) -> str:
    """Rows as delimited text with a header."""
    text, rows = io.StringIO(), list(rows)
    assert set().union(*rows) <= {*columns}
    writer = csv.writer(text, **{"lineterminator": "\n", **dialect})
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return text.getvalue()


def write(path: Path, content: str | bytes) -> Path:
    """A file with this content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def published_night(folder: Path, count: int) -> Path:
    """The results folder of one run of `lines(count)`, without reports."""
    extract = write(folder / "night.csv", csv_text(lines(count)))
    assert called("run", extract, "--out", folder / "out", "--quiet", *UNREPORTED).code == 0
    return folder / "out"


def copied(published: Path, out: Path) -> Path:
    """A results folder as another one is, links, times and modes too: a test may change it."""
    return Path(shutil.copytree(published, out, symlinks=True))


def record(out: Path, kind: str) -> pl.DataFrame:
    """The published `decisions` or `quarantine` of every run in a results folder, in order."""
    parts = sorted(out.glob(f"{kind}/run_id=*/part-*.parquet"))
    return pl.concat(pl.read_parquet(part, hive_partitioning=False) for part in parts)


def decisions(out: Path) -> pl.DataFrame:
    """The decisions, but for what names the run and the file."""
    return record(out, "decisions").drop(PER_RUN)


def quarantine(out: Path) -> pl.DataFrame:
    """The refused rows."""
    return record(out, "quarantine")


def manifest(out: Path, which: int = -1) -> dict[str, Any]:
    """The manifest of the latest run, or of another one."""
    path = sorted(out.glob("runs/*/manifest.json"))[which]
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def counts(out: Path) -> tuple[int, int, int]:
    """Rows read, accepted and quarantined by the latest run."""
    reported = manifest(out)["counts"]
    return reported["rows_read"], reported["rows_accepted"], reported["rows_quarantined"]


def nothing_is_published(out: Path) -> bool:
    """Whether a reader sees no run in a results folder."""
    return (
        not list(out.glob("runs/*")) and not list(out.glob("decisions/*")) and not (out / "claims_edit.duckdb").exists()
    )
