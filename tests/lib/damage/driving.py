"""Many damaged files through one run: packed together where they can share a file, each with ids of its own."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.errors import InputError
from claims_edit.runner.options import RunOptions
from claims_edit.runner.run import run_batch
from tests.functional.program import ROOT
from tests.lib.damage.variant import TOKEN, Variant

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

AS_OF = date(2026, 11, 20)
SHARED = 200  # variants of a packed file
CONTRACTS = ROOT / "sample_claims" / "contracts.csv"
MAPPINGS = {"none": "", "commercial": "constants: {line_of_business: commercial}\n"}
SUFFIX = {"fhir-ndjson": "ndjson", "fhir-json": "json", "csv": "csv", "ndjson": "ndjson", "parquet": "parquet"}
DECIDED = [
    "disposition", "reason_code", "claim_id", "member_id", "payer_raw", "billing_npi", "charge_amount", "hcpcs_code",
    "service_start_date", "doubts",
]  # fmt: skip
REFUSED = ["failed_checks", "claim_id", "charge_amount", "candidate_code"]


@dataclass
class Came:
    """What came of a variant.

    Attributes:
        decisions: its decided lines; `row` is the place among the variant's own rows, from 0.
        refused: its quarantined rows, likewise.
        fault: why the file was refused as a whole.
    """

    variant: Variant
    decisions: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    fault: str | None = None


@dataclass
class _File:
    name: str
    content: str
    first_rows: list[int]
    variants: list[Variant]


def came_of(variants: Iterable[Variant], folder: Path) -> list[Came]:
    """What comes of each variant; one that shares a file that is refused is read again by itself."""
    found: list[Came] = []
    by_mapping: dict[tuple[str, bool], list[Variant]] = defaultdict(list)
    for variant in variants:
        by_mapping[variant.mapping, variant.format.startswith("837")].append(variant)
    for (mapping, _), some in by_mapping.items():
        files = _packed(some)
        came = _run(files, folder, mapping)
        again = [one.variant for one in came if one.fault and not one.variant.alone and len(some) > 1]
        found += [one for one in came if not (one.fault and not one.variant.alone and len(some) > 1)]
        if again:
            found += _run([_file([variant], place) for place, variant in enumerate(again)], folder, mapping)
    return found


def _packed(variants: list[Variant]) -> list[_File]:
    shared: dict[tuple[str, str], list[list[Variant]]] = defaultdict(list)
    apart: list[list[Variant]] = []
    for variant in variants:
        packs = shared[variant.format, variant.head]
        if variant.alone:
            apart.append([variant])
        elif packs and len(packs[-1]) < SHARED:
            packs[-1].append(variant)
        else:
            packs.append([variant])
    packs = [pack for some in shared.values() for pack in some]
    return [_file(pack, place) for place, pack in enumerate([*packs, *apart])]


def _file(variants: list[Variant], place: int) -> _File:
    """One file of these variants."""
    one = variants[0]
    content, rows, first_rows = one.head, 0, []
    for number, variant in enumerate(variants):
        first_rows.append(rows)
        content += variant.content.replace(TOKEN, f"{place * SHARED + number:06}")
        rows += len(variant.owners)
    return _File(f"f{place:06}.{SUFFIX.get(one.format, '837')}", content, first_rows, variants)


def _run(files: list[_File], folder: Path, mapping: str) -> list[Came]:
    extracts, out = folder / "extracts", folder / "out"
    for each in (extracts, out):
        shutil.rmtree(each, ignore_errors=True)
    extracts.mkdir(parents=True)
    for file in files:
        _write(file, extracts / file.name)
    mapped = folder / "mapping.yaml"
    mapped.write_text(MAPPINGS[mapping])
    options = RunOptions(
        (str(extracts),),
        out,
        AS_OF,
        contracts=CONTRACTS,
        mapping=mapped if MAPPINGS[mapping] else None,
        keep_going=True,
        reports=(),
    )
    try:
        manifest = run_batch(options).manifest.model_dump(mode="json")
    except InputError as error:  # not one of the files can be read
        return [Came(variant, fault=str(error)) for file in files for variant in file.variants]
    faults = {each["path"].rpartition("/")[2]: each["fault"] for each in manifest["inputs"]}
    return _sorted_out(files, faults, out, manifest["run_id"])


def _write(file: _File, path: Path) -> None:
    if path.suffix == ".parquet":
        rows = [json.loads(line) for line in file.content.splitlines()]
        pl.DataFrame(rows, infer_schema_length=None, strict=False).write_parquet(path)
    else:
        path.write_text(file.content, encoding="utf-8", newline="")


def _sorted_out(files: list[_File], faults: dict[str, str | None], out: Path, run_id: str) -> list[Came]:
    """Each row given to the variant in whose part of the file it is."""
    rows: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for what, columns in (("decisions", DECIDED), ("quarantine", REFUSED)):
        frame = pl.read_parquet(out / what / f"run_id={run_id}" / "*.parquet", hive_partitioning=False)
        for row in frame.select("source_file", "source_row", *columns).iter_rows(named=True):
            rows.setdefault(row["source_file"].rpartition("/")[2], {}).setdefault(what, []).append(row)
    found = []
    for file in files:
        here = rows.get(file.name, {})
        ends = [*file.first_rows[1:], 1 << 60]
        for variant, first, end in zip(file.variants, file.first_rows, ends, strict=True):
            own = {
                what: [row | {"row": row["source_row"] - 1 - first} for row in some if first < row["source_row"] <= end]
                for what, some in here.items()
            }
            found.append(Came(variant, own.get("decisions", []), own.get("quarantine", []), faults[file.name]))
    return found
