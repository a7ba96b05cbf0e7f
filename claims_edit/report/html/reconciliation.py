"""The reconciliation: the sums of a run with their parts, each compared with its total."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from claims_edit.model import UNCOUNTED, Disposition, has_code_column
from claims_edit.report.effects import EFFECT_LABELS
from claims_edit.report.html.cells import Table, amount, count, plural, words
from claims_edit.report.html.tables import totals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from claims_edit.report.run_view import RunView

HASH_SHOWN = 12


@dataclass(frozen=True)
class Sum:
    """A total and its parts, as shown text; `balanced` is whether they match."""

    total: tuple[str, str]
    parts: list[tuple[str, str]]
    balanced: bool


def sums(view: RunView) -> list[Sum]:
    """Every sum of the run, in rows and in money, from the manifest and from the decisions."""
    counts, charges = view.manifest["counts"], view.manifest["charges"]
    counted, record = view.counted, _record(view)
    others = {effect: EFFECT_LABELS[effect] for effect in counted.others}
    lines = [(each.value, counted.lines[each]) for each in Disposition]
    lines += [(label, counted.others[effect][0]) for effect, label in others.items()]
    money = [(each.value, counted.charges[each]) for each in Disposition]
    money += [(label, counted.others[effect][1]) for effect, label in others.items()]
    return [
        _rows(
            ("rows read", counts["rows_read"]),
            [("accepted", counts["rows_accepted"]), ("quarantined", counts["rows_quarantined"])],
        ),
        _rows(("candidates", counts["candidates"]), [("decisions", counts["decisions"])]),
        _rows(("decisions", counts["decisions"]), lines),
        _rows(("decisions", counts["decisions"]), [(name, rows) for name, rows, _ in record]),
        _money(
            ("charges read", Decimal(charges["read"])),
            [("accepted", Decimal(charges["accepted"])), ("quarantined", Decimal(charges["quarantined"]))],
        ),
        _money(("charges of candidates", Decimal(charges["candidates"])), money),
        _money(("charges of candidates", Decimal(charges["candidates"])), [(name, sum_) for name, _, sum_ in record]),
    ]


def _record(view: RunView) -> list[tuple[str, int, Decimal]]:
    """Lines and charges of the run's decisions, counted in its record: those of this report, and the others."""
    shown = [("in this report", *totals(view.figures.by_disposition))]
    if view.is_shadow:
        return shown
    seen = {row["effect"]: row for row in view.figures.seen.iter_rows(named=True)}
    nothing = {"lines": 0, "charges": Decimal()}
    others = [(EFFECT_LABELS[effect], seen.get(effect, nothing)) for effect in UNCOUNTED]
    return shown + [(f"{label}, on record", row["lines"], row["charges"]) for label, row in others]


def _rows(total: tuple[str, int], parts: Sequence[tuple[str, int]]) -> Sum:
    shown = [(name, f"{value:,}") for name, value in (total, *parts)]
    return Sum(shown[0], shown[1:], total[1] == sum(value for _, value in parts))


def _money(total: tuple[str, Decimal], parts: Sequence[tuple[str, Decimal]]) -> Sum:
    shown = [(name, amount(value)) for name, value in (total, *parts)]
    return Sum(shown[0], shown[1:], total[1] == sum((value for _, value in parts), Decimal()))


def inputs(view: RunView) -> Table:
    """The files of the run with their rows; for a file that could not be read, the reason."""
    files = view.manifest["inputs"]
    names = ("rows_read", "rows_accepted", "rows_quarantined", "warnings")
    rows = [
        [
            words(file["path"]),
            words(file["format"]),
            *(count(file[name]) for name in names),
            words(file["sha256"][:HASH_SHOWN]),
            words(f"not read: {file['fault']}" if _refused(file) else file.get("status", "read")),
        ]
        for file in files
    ]
    return Table(
        "inputs",
        "Files of the run",
        ("File", "Format", "Read", "Accepted", "Quarantined", "Warnings", "SHA-256 begins", "Status"),
        rows,
        [words("all"), words(""), *(count(sum(file[name] for file in files)) for name in names), words(""), words("")],
    )


def remarks(view: RunView) -> list[str]:
    """Notes on the files that a reader needs to trust the sums."""
    files = view.manifest["inputs"]
    unparseable = view.manifest["charges"]["unparseable"]
    notes = [f"Charge is not a number on {plural(unparseable, 'row')}; it counts as zero."] if unparseable else []
    if refused := sum(map(_refused, files)):
        notes.append(f"{refused:,} of {len(files):,} files could not be read; none of their rows is in these figures.")
    if filtered := view.manifest["counts"].get("rows_filtered", 0):
        notes.append(f"The mapping skips {plural(filtered, 'row')}; none of them is in these figures.")
    if passed_over := view.manifest.get("passed_over", ()):
        notes.append(f"{plural(len(passed_over), 'file')} in the extract folders skipped by name (manifest.json).")
    return notes + [
        f"No column hcpcs_code in {file['path']}: none of its lines could be edited."
        for file in files
        if file.get("status", "read") == "read" and not has_code_column(file.get("columns", ()))
    ]


def _refused(file: dict[str, Any]) -> bool:
    return file.get("status") == "refused"
