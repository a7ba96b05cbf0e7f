"""One claim, one life: each case of `ledger_cases.txt`, and what holds for any history (ADR 0017).

The ledger is what the state across nights is held to; here it is held to what a policy analyst can read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.lib.examples import examples
from tests.lib.histories import KINDS, OWNERS, final_state, history, in_another_order, record_of, row_of
from tests.lib.ledger import Decision, Ledger, Withdrawal
from tests.lib.nights import ORIGINAL, Claim, Line, Night, Row
from tests.lib.oracle import canonical, decide_line, is_accepted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Table = list[dict[str, str]]

CASES = Path(__file__).with_name("ledger_cases.txt")


def tables() -> Iterator[tuple[str, Table, Table]]:
    """Each case: its name, the rows of its runs, and the lines to expect."""
    text = "\n".join(line for line in CASES.read_text("utf-8").splitlines() if not line.startswith("#"))
    for case in text.split("\n== ")[1:]:
        name, *lines = [line for line in case.splitlines() if line.strip()]
        cells = [line.split() for line in lines]
        at = next(at for at, header in enumerate(cells) if "is" in header)
        yield name, table(cells[:at]), table(cells[at:])


def table(cells: list[list[str]]) -> Table:
    header, *rows = cells
    return [{column: "" if cell == "-" else cell for column, cell in zip(header, row, strict=True)} for row in rows]


def claim_of(cells: dict[str, str], claim_id: str) -> Claim:
    payer, feed, member = cells.get("payer", "premera"), cells.get("feed", ""), cells.get("member", "M1")
    return Claim(payer, feed, member, cells.get("provider") or None, claim_id)


def nights_of(given: Table) -> list[Night]:
    nights: dict[int, Night] = {}
    for cells in given:
        kind, _, decided_as = cells["holds"].partition("/")
        row = row_of(
            claim_of(cells, cells["claim"]), kind, number=int(cells["line"]), frequency=cells["freq"],
            original=cells.get("names") or None, amount=Decimal(cells["charge"]),
        )  # fmt: skip
        night = Night(date(2026, 11, int(cells["night"])), int(cells["run"]), {}, shadow=cells.get("mode") == "shadow")
        files: dict[str, list[Row]] = nights.setdefault(night.run, night).files  # type: ignore[assignment]
        files.setdefault(cells.get("file", "a.csv"), []).append(
            replace(row, disposition=decided_as) if decided_as else row
        )
    return list(nights.values())


def line_of(cells: dict[str, str]) -> Line:
    name, _, frequency = cells["line"].partition(":")
    claim_id, number = name.split("/")
    return Line(claim_of(cells, claim_id), int(number), frequency or ORIGINAL)


def picture(ledger: Ledger, line: Line) -> dict[str, str]:
    """What became of a line, in the cells of a case."""
    life = ledger.lives[line]
    state = f"{life.current.disposition}@{life.current.when.run}" if life.current else life.status
    by = f"[{life.superseded_by}]" if life.superseded_by else ""
    gone = [each for each in ledger.withdrawals if each.line == line]
    return {
        "is": state + by,
        "seen": f"{life.first_seen:%d}..{life.last_seen:%d}x{life.times_seen}",
        "withdrawn": "+".join(
            f"{each.run}:{each.decision.disposition}@{each.decision.when.run}:{each.why}[{each.by}]" for each in gone
        ),
        "reversed": "+".join(f"{each.run}:{each.decision.amount}" for each in gone if each.is_reversal),
        "outcomes": ",".join(
            f"{run}:{made[line].disposition}-{made[line].effect}" for run, made in ledger.runs.items() if line in made
        ),
    }


@pytest.mark.parametrize(("given", "expected"), [pytest.param(*case, id=name) for name, *case in tables()])
def test_a_case(given: Table, expected: Table) -> None:
    ledger = Ledger(nights_of(given))
    lines = [line_of(cells) for cells in expected]
    assert set(lines) == set(ledger.lives)
    for line, cells in zip(lines, expected, strict=True):
        found = picture(ledger, line)
        assert {column: found[column] for column in cells if column in found} == {
            column: cell for column, cell in cells.items() if column in found
        }, cells["line"]


def test_the_shipped_rules_decide_each_kind_as_it_says() -> None:
    for owner in OWNERS:
        for kind in KINDS:
            row = row_of(owner._replace(claim_id="A"), kind, amount=Decimal(700))
            record = record_of(row)
            assert is_accepted(record, date(2026, 11, 2)) == row.accepted
            if row.accepted and row.candidate:
                line = canonical(record)
                assert decide_line(line, [line], [])["disposition"] == row.disposition, (owner, kind)


# --- what holds for any history ---------------------------------------------------------------------------------------


def histories() -> Iterator[tuple[int, Random, list[Night]]]:
    for seed in range(examples(300)):
        random = Random(seed)  # noqa: S311 -- test data
        yield seed, random, history(random)


def money(decisions: Iterable[Decision]) -> Counter[tuple[str, Decimal | None]]:
    return Counter((each.disposition, each.amount) for each in decisions)


def free_of(ledger: Ledger, bound: set[Claim]) -> dict[Line, object]:
    return {line: what for line, what in final_state(ledger).items() if line.claim not in bound}


def withdrawn(ledger: Ledger, bound: set[Claim]) -> list[Withdrawal]:
    return [each for each in ledger.withdrawals if each.line.claim not in bound]


def test_what_is_current_and_what_was_withdrawn_is_what_was_decided() -> None:
    """After each run, by disposition and charge: so what the feeds post, less what they reverse, is what is current."""
    for seed, _, nights in histories():
        ledger, decided = Ledger(), Counter[tuple[str, Decimal | None]]()
        for night in nights:
            ledger.take(night)
            if not night.shadow:
                made = ledger.runs[night.run]
                new = [line for line, outcome in made.items() if outcome.effect in {"decided", "changed"}]
                decided += money(current for line in new if (current := ledger.lives[line].current))
            now = money(life.current for life in ledger.lives.values() if life.current)
            assert now + money(each.decision for each in ledger.withdrawals) == decided, seed


def test_a_decision_comes_only_from_a_run_that_has_the_line() -> None:
    """Nothing that was withdrawn comes back by itself, and no decision is withdrawn twice."""
    for seed, _, nights in histories():
        ledger, before = Ledger(), dict[Line, Decision | None]()
        for night in nights:
            ledger.take(night)
            after = {line: life.current for line, life in ledger.lives.items()}
            new = {line for line, current in after.items() if current and current is not before.get(line)}
            made = ledger.runs[night.run]
            decided = {line for line, outcome in made.items() if outcome.effect in {"decided", "changed"}}
            assert new == (set() if night.shadow else decided), seed
            before = after
        gone = [(each.line, each.decision.when) for each in ledger.withdrawals]
        kept = {(line, current.when) for line, current in before.items() if current}
        assert len(set(gone)) == len(gone), seed
        assert kept.isdisjoint(gone), seed


def test_neither_the_order_of_the_files_nor_a_shadow_run_matters() -> None:
    for seed, _, nights in histories():
        turned = [replace(night, files=dict(sorted(night.files.items(), reverse=True))) for night in enforced(nights)]
        first, second = Ledger(nights), Ledger(turned)
        assert (first.lives, first.withdrawals) == (second.lives, second.withdrawals), seed


def test_running_the_last_night_again_changes_nothing() -> None:
    for seed, _, nights in histories():
        once = Ledger(nights)
        bound = once.order_bound
        for night in sorted(enforced(nights), key=lambda night: (night.as_of, night.run))[-1:]:
            again = Ledger([*nights, replace(night, run=len(nights) + 1)])
            assert free_of(again, bound) == free_of(once, bound), seed
            assert withdrawn(again, bound) == withdrawn(once, bound), seed


def test_the_order_of_the_runs_does_not_matter() -> None:
    """But for claims whose lines came without a decision first, or that were named before they were known."""
    for seed, random, nights in histories():
        first, second = Ledger(nights), Ledger(in_another_order(random, nights))
        bound = first.order_bound | second.order_bound
        assert free_of(first, bound) == free_of(second, bound), seed


def enforced(nights: list[Night]) -> list[Night]:
    return [night for night in nights if not night.shadow]


def test_the_histories_hold_every_event_often() -> None:
    events: Counter[str] = Counter()
    free = runs = 0
    for _, _, nights in histories():
        ledger = Ledger(nights)
        events.update(each.why for each in ledger.withdrawals)
        events.update(life.status for life in ledger.lives.values())
        events.update(made.effect for run in ledger.runs.values() for made in run.values())
        free += sum(line.claim not in ledger.order_bound for line in ledger.lives)
        runs += len(nights)
    assert set(events) == {
        "changed", "no-candidate", "refused", "revision-unclear", "voided", "replaced", "dropped",
        "current", "superseded", "decided", "seen-again", "late",
    }  # fmt: skip
    assert min(events.values()) > runs // 200
    assert free > runs
