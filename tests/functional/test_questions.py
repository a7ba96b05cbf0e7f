"""Each answer to the questions of docs/questions.md is held to a count in Python, from the record of two nights."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from claims_edit.store import Limits, query
from tests.functional.program import ROOT, called, manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    Rows = list[dict[str, Any]]

PAGE = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
QUERIES = {
    int(number): sql for number, sql in re.findall(r"^## (\d+)\..*?```sql\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
}
PLACE = ("run_id", "source_file", "source_row", "claim_id", "claim_line_number")
CLAIM = ("data_source", "member_id", "claim_id", "billing_npi")
NO_CENTS = Decimal(0)


class Nights:
    """The results of two nights, as the Parquet files have them."""

    def __init__(self, out: Path) -> None:
        """Read them."""
        self.out = out
        self.manifests = [manifest(out, place) for place in range(2)]
        self.runs = [each["run_id"] for each in self.manifests]
        self.decisions, self.quarantine, self.withdrawals, history = (
            pl.read_parquet(out / name, hive_partitioning=False).to_dicts()
            for name in ("decisions", "quarantine", "withdrawals", "history")
        )
        self.history = sorted(history, key=lambda row: row["run_id"])
        gone = {(row["decided_run_id"], *(row[name] for name in PLACE[1:])) for row in self.withdrawals}
        made = {tuple(row[name] for name in PLACE) for row in history
                if row["effect"] in ("decided", "changed", "superseded")}  # fmt: skip
        self.current = [row for row in self.decisions if tuple(row[n] for n in PLACE) in made - gone]
        self.claims: dict[tuple[Any, ...], Rows] = defaultdict(list)
        for row in self.current:
            if row["reason_code"] != "line-superseded":
                self.claims[(row["payer"] or row["payer_raw"], *(row[name] for name in CLAIM))].append(row)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """The sample deck, and the same tables on the next night with other charges, codes and lines."""
    folder = tmp_path_factory.mktemp("questions")
    deck = ROOT / "sample_claims"
    table = pl.read_csv(deck / "claims.csv", infer_schema=False)
    odd = pl.int_range(pl.len()) % 5
    later = table.with_columns(
        charge_amount=pl.when(odd == 1).then(pl.lit("77.70")).otherwise("charge_amount"),
        hcpcs_code=pl.when(odd == 3).then(pl.lit("99213")).otherwise("hcpcs_code"),
    )
    second = later.filter(odd == 0).with_columns(claim_line_number=pl.lit("2"), hcpcs_modifier_1=pl.lit("Q0"))
    later = pl.concat([later, second])
    for name, rows, others, as_of in (
        ("night-1.csv", table, [deck / "claims.837", deck / "claims-fhir.ndjson", deck / "damaged.csv"], "2026-11-20"),
        ("night-2.csv", later, [], "2026-11-21"),
    ):
        rows.write_csv(folder / name)
        contracts = ("--contracts", deck / "contracts.csv")
        done = called("run", folder / name, *others, "--out", folder / "out", "--as-of", as_of, "--quiet", *contracts,
                      "--reports", "none")  # fmt: skip
        assert done.code == 0, done.err
    return Nights(folder / "out")


def counted(rows: Iterable[dict[str, Any]], keys: tuple[str, ...], *amounts: str) -> set[tuple[Any, ...]]:
    """The number of rows, and the sum of each amount (null if there is none), by keys."""
    groups: dict[tuple[Any, ...], Rows] = defaultdict(list)
    for row in rows:
        groups[tuple(row[key] for key in keys)].append(row)
    return {(*key, len(own), *(total(own, amount) for amount in amounts)) for key, own in groups.items()}


def total(rows: Iterable[dict[str, Any]], amount: str = "charge_amount") -> Decimal | None:
    given = [row[amount] for row in rows if row[amount] is not None]
    return sum(given, NO_CENTS) if given else None


def of(rows: Rows, *dispositions: str) -> Rows:
    return [row for row in rows if row["disposition"] in dispositions]


def denied_now(nights: Nights) -> set[tuple[Any, ...]]:
    return counted(of(nights.current, "deny"), ("payer", "program"), "adjustment_amount")


def waiting(nights: Nights) -> set[tuple[Any, ...]]:
    days = {run["run_id"]: int(run["as_of"][-2:]) for run in nights.manifests}
    last = max(days.values())
    found = counted(of(nights.current, "review"), ("reason_code",), "charge_amount")
    first: dict[str, int] = {}
    for row in nights.history:
        key = (row["decided_run_id"], row["decided_source_file"], row["decided_source_row"])
        for each in of(nights.current, "review"):
            if key == tuple(each[name] for name in PLACE[:3]):
                open_nights = last - row["first_seen"].day
                first[each["reason_code"]] = max(first.get(each["reason_code"], 0), open_nights)
    return {(reason, lines, charges, first[reason]) for reason, lines, charges in found}


def dearest(nights: Nights) -> set[tuple[Any, ...]]:
    waits = [(key[3], key[2], total(rows)) for key, rows in nights.claims.items() if of(rows, "review")]
    return set(sorted(waits, key=lambda row: (-(row[2] or -1), row[0], row[1]))[:10])


def in_part(nights: Nights) -> set[tuple[Any, ...]]:
    order = ("review", "return", "refer", "deny", "pass")
    return {
        (key[3], len(rows), len(of(rows, "deny")), min((row["disposition"] for row in rows), key=order.index))
        for key, rows in nights.claims.items()
        if 0 < len(of(rows, "deny")) < len(rows)
    }


def providers(nights: Nights) -> set[tuple[Any, ...]]:
    own: dict[str, Rows] = defaultdict(list)
    for rows in nights.claims.values():
        own[rows[0]["billing_npi"]].extend(rows)
    return {
        (npi, len(rows), len(denied), round(len(denied) / len(rows), 4), total(denied) or NO_CENTS)
        for npi, rows in own.items()
        for denied in [of(rows, "deny")]
    }


def liable(nights: Nights) -> set[tuple[Any, ...]]:
    rows = of(nights.current, "deny", "return")
    return counted(rows, ("group_code", "liability_basis"), "adjustment_amount")


def cited(nights: Nights) -> set[tuple[Any, ...]]:
    return counted(of(nights.current, "deny"), ("policy_id", "policy_version", "citation"))


def changed(nights: Nights) -> set[tuple[Any, ...]]:
    """From what was current of each line after each run that saw or changed it."""
    made = {tuple(row[name] for name in PLACE): row for row in nights.decisions}
    compared = (
        "disposition",
        "reason_code",
        "group_code",
        "carc",
        "charge_amount",
        "adjustment_amount",
        "policy_version",
    )
    before: dict[tuple[Any, ...], dict[str, Any] | None] = {}
    found: Rows = []
    for row in nights.history:
        line = (
            row["payer_raw"],
            *(row[name] for name in (*CLAIM[:3], "billing_provider_id", *PLACE[4:], "claim_frequency_code")),
        )
        now = made.get((*(row[f"decided_{name}"] for name in PLACE[:3]), *(row[name] for name in PLACE[3:])))
        if line in before and any((now or {}).get(name) != (before[line] or {}).get(name) for name in compared):
            old, new = before[line] or {}, now or {}
            found.append({
                "effect": row["effect"], "old": old.get("disposition"), "new": new.get("disposition"),
                "was": old.get("charge_amount"), "is": new.get("charge_amount"),
            })  # fmt: skip
        before[line] = now
    return counted(found, ("effect", "old", "new"), "was", "is")


def taken_back(nights: Nights) -> set[tuple[Any, ...]]:
    rows = of(nights.withdrawals, "deny", "return")
    return counted(rows, ("withdrawn_because", "disposition"), "adjustment_amount")


def undecided(nights: Nights) -> set[tuple[Any, ...]]:
    rows = [(row["data_source"], row["payer_raw"], row["billing_npi"], check, row["run_id"], row["candidate_code"])
            for row in nights.quarantine for check in row["failed_checks"]]  # fmt: skip
    candidates = Counter(row[:4] for row in rows if row[5])
    runs = Counter(row[:4] for row in {row[:5] for row in rows})
    return {(*sender[1:], number, runs[sender]) for sender, number in candidates.items()}


def worst_files(nights: Nights) -> set[tuple[Any, ...]]:
    refused = Counter((row["run_id"], row["source_file"]) for row in nights.quarantine)
    read = {(run["run_id"], file["path"]): file["rows_read"] for run in nights.manifests for file in run["inputs"]}
    return {(*key, read[key], rows, round(rows / read[key], 4)) for key, rows in refused.items()}


def balanced(nights: Nights) -> set[tuple[Any, ...]]:
    return {(run, 0, NO_CENTS, 0) for run in nights.runs}


ANSWERS: dict[int, Callable[[Nights], set[tuple[Any, ...]]]] = dict(enumerate(
    (denied_now, waiting, dearest, in_part, providers, liable, cited, changed, taken_back, undecided, worst_files,
     balanced), start=1,
))  # fmt: skip


def test_each_question_of_the_page_has_one_query() -> None:
    assert len(re.findall(r"^## ", PAGE, re.MULTILINE)) == len(QUERIES) == len(ANSWERS)
    assert QUERIES.keys() == ANSWERS.keys()


@pytest.mark.long
@pytest.mark.parametrize("number", ANSWERS)
def test_the_query_gives_the_answer_that_a_count_of_the_record_gives(nights: Nights, number: int) -> None:
    with query(nights.out, QUERIES[number], Limits()) as answer:
        rows = [row for frame in answer.batches() for row in frame.rows()]
    assert set(rows) == ANSWERS[number](nights)
    assert len(rows) == len(set(rows)) > 0
