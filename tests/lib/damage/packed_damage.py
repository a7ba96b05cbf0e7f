"""Bytes damaged in files that are packed or binary: zip archives, workbooks, Arrow IPC; one bit, a run of zeros, a cut.

Every row of such a file is a candidate, so every row is in the record: a damaged file is either refused by name, or its
rows are those of the sound one.
"""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import xlsxwriter

from claims_edit.errors import ClaimsEditError
from claims_edit.runner.options import RunOptions
from claims_edit.runner.run import run_batch
from tests.lib.damage.driving import AS_OF, DECIDED, REFUSED
from tests.lib.damage.table_sound import BASE, COLUMNS, PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Row = dict[str, str]

ROWS = 12
AT_ONCE = 200
NAMED = re.compile(r"\S+: .+\.", re.DOTALL)
RIGHT, REFUSED_ROWS, NAMED_REFUSAL = "right rows", "right rows, others refused by name", "refused by name"
WRONG, UNNAMED = "WRONG ROWS", "NO NAMED REFUSAL"


@dataclass
class Outcomes:
    """How often each outcome came, by format and damage; and the wrong ones: file, and what it was."""

    times: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    wrong: list[tuple[Any, ...]] = field(default_factory=list)


def rows_of(number: int) -> list[Row]:
    """Candidate lines with ids of their own, so that many files can be read in one run."""
    return [
        dict.fromkeys(COLUMNS, "") | BASE | {
            "claim_id": f"C{number:06}A{place:02}", "member_id": f"M{number:06}{place:02}", "payer": "Florida Blue",
            "charge_amount": f"{9400 + 25 * place}.00", "billing_npi": PROVIDERS[place % len(PROVIDERS)],
        }
        for place in range(ROWS)
    ]  # fmt: skip


def _csv(rows: list[Row]) -> bytes:
    return pl.DataFrame(rows).write_csv().encode()


def _zip(rows: list[Row], method: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo("claims.csv", (2026, 11, 20, 0, 0, 0)), _csv(rows), method)
    return out.getvalue()


def _xlsx(rows: list[Row]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("Claims")
    for place, row in enumerate([list(COLUMNS), *(list(row.values()) for row in rows)]):
        for column, value in enumerate(row):
            sheet.write_string(place, column, value)
    book.close()
    return out.getvalue()


def _arrow(rows: list[Row], compression: str | None, *, stream: bool = False) -> bytes:
    table = pl.DataFrame(rows).to_arrow(compat_level=pl.CompatLevel.oldest())
    out = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    open_writer = pa.ipc.new_stream if stream else pa.ipc.new_file
    with open_writer(out, table.schema, options=options) as writer:
        writer.write_table(table)
    return out.getvalue()


FORMATS = {
    "zip, deflated": ("zip", lambda rows: _zip(rows, zipfile.ZIP_DEFLATED)),
    "zip, stored": ("zip", lambda rows: _zip(rows, zipfile.ZIP_STORED)),
    "xlsx": ("xlsx", _xlsx),
    "arrow file": ("arrow", lambda rows: _arrow(rows, None)),
    "arrow file, zstd": ("arrow", lambda rows: _arrow(rows, "zstd")),
    "arrow file, lz4": ("arrow", lambda rows: _arrow(rows, "lz4")),
    "arrow stream": ("arrows", lambda rows: _arrow(rows, None, stream=True)),
}


def damaged(content: bytes, damage: str, chance: random.Random) -> bytes:
    """The bytes with one damage."""
    at = chance.randrange(len(content))
    if damage == "cut":
        return content[:at]
    if damage == "zeros":
        length = min(chance.choice((1, 16, 512)), len(content) - at)
        return content[:at] + bytes(length) + content[at + length :]
    return content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]


DAMAGES = ("bit", "zeros", "cut")


def run(count: int, seed: int, folder: Path, only: frozenset[str] = frozenset()) -> Outcomes:
    """Damage about `count` files of each format, read them, and compare."""
    outcomes = Outcomes()
    for fmt in FORMATS:
        if not only or fmt in only:
            chance = random.Random(f"{seed} {fmt}")  # noqa: S311 -- a draw of tests
            for first in range(0, count, AT_ONCE):
                _read(fmt, range(first, min(count, first + AT_ONCE)), chance, folder, outcomes)
    return outcomes


def _read(fmt: str, numbers: range, chance: random.Random, folder: Path, outcomes: Outcomes) -> None:
    ending, made = FORMATS[fmt]
    here = folder / f"{fmt.replace(', ', '-').replace(' ', '-')}-{numbers.start}"
    (here / "extracts").mkdir(parents=True)
    given: dict[int, tuple[str, bytes, bytes]] = {}
    for number in numbers:
        sound = made(rows_of(number))
        damage = DAMAGES[number % len(DAMAGES)]
        given[number] = damage, sound, damaged(sound, damage, chance)
        (here / "extracts" / f"f{number:06}.{ending}").write_bytes(given[number][2])
    (here / "extracts" / "whole.csv").write_bytes(_csv(rows_of(999_999)))  # a run has one sound extract
    names = tuple(str(path) for path in sorted((here / "extracts").iterdir()))
    faults: dict[int, str | None] = {}
    found: dict[int, list[Any]] = {}
    try:
        manifest = run_batch(RunOptions(names, here / "out", AS_OF, keep_going=True, reports=())).manifest
    except ClaimsEditError as error:
        raise AssertionError(str(error)) from error
    for each in manifest.inputs:
        if match := re.search(r"/f(\d{6})\.", each.path):
            faults[int(match[1])] = each.fault
    for row in _record(here / "out"):
        if match := re.search(r"/f(\d{6})\.", row["source_file"]):
            found.setdefault(int(match[1]), []).append(row)
    for number, (damage, sound, content) in given.items():
        outcome = _outcome(number, faults.get(number, ""), found.get(number, []), same=content == sound)
        outcomes.times[fmt, damage, outcome] += 1
        if outcome in (WRONG, UNNAMED):
            outcomes.wrong.append((fmt, damage, content, sound, found.get(number, [])))


def _record(out: Path) -> Iterator[dict[str, Any]]:
    for what, columns in (("decisions", DECIDED), ("quarantine", REFUSED)):
        frame = pl.read_parquet(out / what / "run_id=*" / "*.parquet", hive_partitioning=False)
        yield from frame.select("source_file", *columns, pl.lit(what).alias("what")).iter_rows(named=True)


def _outcome(number: int, fault: str | None, rows: list[dict[str, Any]], *, same: bool) -> str:
    if fault is not None:
        return NAMED_REFUSAL if NAMED.fullmatch(fault) and not same else UNNAMED
    sent = {
        tuple(row[name] for name in ("claim_id", "member_id", "payer", "billing_npi", "charge_amount", "hcpcs_code"))
        for row in rows_of(number)
    }
    own = ("claim_id", "member_id", "payer_raw", "billing_npi", "charge_amount", "hcpcs_code")
    decided = [tuple(str(row[name]) for name in own) for row in rows if row["what"] == "decisions"]
    if len(rows) != ROWS or len({*decided}) != len(decided) or not {*decided} <= sent:
        return WRONG
    return RIGHT if len(decided) == ROWS else REFUSED_ROWS
