"""Random histories of a results folder, for the ledger and for what is held to it.

They are few claims on few nights, so that the same line comes again, changed, replaced, voided, late and out of order.
A row says what it holds (`KINDS`); `record_of` writes it as a row of an extract that the shipped rules decide so.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.lib.nights import ORIGINAL, REPLACEMENT, VOID, Claim, Line, Night, Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from random import Random

    from tests.lib.ledger import Ledger

FIRST_NIGHT = date(2026, 11, 2)
IDS = ("A", "B", "C")
ELSEWHERE = "ICN-900001"  # the payer's number, which no claim line has
AMOUNTS = (Decimal("9400.00"), Decimal("700.50"))
OWNERS = (
    Claim("premera", "", "M1", None, ""),
    Claim("premera", "", "M2", None, ""),
    Claim("premera", "east", "M1", None, ""),
    Claim("florida_blue", "", "M1", None, ""),
    Claim("premera", "", "M1", "1902000227", ""),
    Claim("premera", "", "M1", "1245319599", ""),
)

# What decides (code, day, modifier, line of business), and what the policies of both payers make of it.
KINDS: Mapping[str, tuple[tuple[str, str, str, str], str]] = {
    "deny": (("0600T", "2024-03-01", "", "commercial"), "deny"),
    "deny-otherwise": (("0600T", "2024-03-01", "59", "commercial"), "deny"),
    "return": (("0600T", "2020-06-30", "", "commercial"), "return"),
    "review": (("0600T", "2024-03-01", "Q0", "commercial"), "review"),
    "refer": (("0600T", "2024-03-01", "", "-"), "refer"),  # a program that the payer's own policy excepts
    "pass": (("32999", "2024-03-01", "", "commercial"), "pass"),
    "no-candidate": (("99213", "2024-03-01", "", "commercial"), ""),
    "refused": (("0600T", "2024-03-32", "", "commercial"), ""),
}
EXCEPTED = {"premera": "medicare_advantage", "florida_blue": "fep"}


def row_of(claim: Claim, kind: str, **columns: object) -> Row:
    """A row of a claim that holds what the kind says."""
    decides, disposition = KINDS[kind]
    row = Row(
        claim, decides=decides, disposition=disposition, candidate=kind != "no-candidate", accepted=kind != "refused"
    )
    return replace(row, **columns)  # type: ignore[arg-type]


def record_of(row: Row) -> dict[str, str | None]:
    """The row in canonical columns. Only an 837 or FHIR can carry the billing provider."""
    claim, (code, day, modifier, program) = row.claim, row.decides
    return {
        "claim_id": claim.claim_id, "claim_line_number": str(row.number), "claim_type": "professional",
        "member_id": claim.member, "payer": claim.payer, "data_source": claim.data_source or None,
        "billing_provider_id": claim.provider, "claim_line_start_date": day,
        "line_of_business": EXCEPTED[claim.payer] if program == "-" else program,
        "hcpcs_code": code, "hcpcs_modifier_1": modifier or None, "diagnosis_code_1": "C25.1",
        "charge_amount": None if row.amount is None else str(row.amount),
        "claim_frequency_code": row.frequency, "original_claim_id": row.original,
    }  # fmt: skip


def write_extracts(runs: Sequence[Night], folder: Path) -> Path:
    """Write the extracts that several histories have on one night into a folder of `folder`; returns it."""
    place = folder / f"night-{runs[0].run}"
    place.mkdir(parents=True)
    for name in sorted({name for night in runs for name in night.files}):
        rows = [record_of(row) for night in runs for row in night.files.get(name, ())]
        with (place / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, tuple(record_of(row_of(OWNERS[0], "deny"))))
            writer.writeheader()
            writer.writerows(rows or [record_of(row_of(Claim("premera", "", "NOBODY", None, "X"), "no-candidate"))])
    return place


def history(random: Random) -> list[Night]:
    """Two to eight runs, in the order in which they are processed."""
    return histories(random, 1)[0]


def histories(random: Random, count: int, owners: Sequence[Claim] = OWNERS) -> list[list[Night]]:
    """Several histories of the same nights, whose claim ids differ: one results folder can have them all."""
    runs: list[Night] = []
    for run in range(1, random.randint(2, 8) + 1):
        runs.append(Night(_as_of(random, runs), run, {}, shadow=random.random() < 0.1))
    return [_history(random, runs, owners, "" if count == 1 else f"-{place}") for place in range(count)]


def _history(random: Random, runs: Sequence[Night], among: Sequence[Claim], suffix: str) -> list[Night]:
    owners = random.sample(among, 2)
    nights: list[Night] = []
    for run in runs:
        if nights and random.random() < 0.15:  # the same files again: forced, or under the date of another night
            files = random.choice(nights).files
        else:
            files = _files(random, owners, [row for night in nights for rows in night.files.values() for row in rows])
        nights.append(replace(run, files=files))
    return [_suffixed(night, suffix) for night in nights] if suffix else nights


def _suffixed(night: Night, suffix: str) -> Night:
    files = {
        name: [
            replace(
                row,
                claim=row.claim._replace(claim_id=row.claim.claim_id + suffix),
                original=row.original and row.original + suffix,
            )
            for row in rows
        ]
        for name, rows in night.files.items()
    }
    return replace(night, files=files)


def _as_of(random: Random, nights: Sequence[Night]) -> date:
    """Mostly the day after the last night; else a night that has been, or a day before it."""
    last = max((night.as_of for night in nights), default=FIRST_NIGHT)
    if random.random() < 0.7:
        return last + timedelta(days=1)
    return random.choice([night.as_of for night in nights] or [last]) - timedelta(days=random.randint(0, 1))


def _files(random: Random, owners: Sequence[Claim], earlier: Sequence[Row]) -> dict[str, list[Row]]:
    files: dict[str, list[Row]] = {"a.csv": [], "b.csv": []}
    for _ in range(random.randint(1, 6)):
        rows = files[random.choice(("a.csv", "b.csv"))]
        rows.append(_row(random, owners, earlier))
        if random.random() < 0.1:  # repeated within the run, the same or not
            files["b.csv"].append(random.choice((rows[-1], _changed(random, rows[-1]))))
    return files


def _row(random: Random, owners: Sequence[Claim], earlier: Sequence[Row]) -> Row:
    if earlier and random.random() < 0.5:
        row = random.choice(earlier)
        return row if random.random() < 0.5 else _changed(random, row)
    claim = random.choice(owners)._replace(claim_id=random.choice(IDS))
    frequency = random.choices((ORIGINAL, REPLACEMENT, VOID), (8, 3, 1))[0]
    original = None if frequency == ORIGINAL else random.choice((None, *IDS, ELSEWHERE))
    kind = random.choices(list(KINDS), (6, 1, 2, 2, 1, 1, 1, 1))[0]
    number = random.choice((1, 1, 2))
    return row_of(claim, kind, number=number, frequency=frequency, original=original, amount=random.choice(AMOUNTS))


def _changed(random: Random, row: Row) -> Row:
    """The same line, that says something else."""
    kind = random.choice(list(KINDS))
    return row_of(
        row.claim, kind,
        number=row.number, frequency=row.frequency, original=row.original, amount=random.choice(AMOUNTS),
    )  # fmt: skip


def in_another_order(random: Random, nights: Sequence[Night]) -> list[Night]:
    """The same nights processed in another order; runs of one night keep theirs, as it decides between them."""
    shuffled = random.sample(list(nights), len(nights))
    of_night = {as_of: iter([each for each in nights if each.as_of == as_of]) for as_of in {n.as_of for n in nights}}
    return [replace(next(of_night[night.as_of]), run=run) for run, night in enumerate(shuffled, start=1)]


def final_state(ledger: Ledger) -> dict[Line, tuple[object, ...]]:
    """What there is to say of each line after all nights, but for which run decided it first."""
    return {
        line: (life.status, life.current and life.current.facts, life.superseded_by, frozenset(life.nights))
        for line, life in ledger.lives.items()
    }
