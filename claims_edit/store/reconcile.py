"""The check that the sums of a run are balanced: no row and no cent is lost between reading and deciding."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from claims_edit.errors import ClaimsEditError
from claims_edit.model import UNCOUNTED

if TYPE_CHECKING:
    from collections.abc import Iterator

_N = TypeVar("_N", int, Decimal)


def reconcile(manifest: dict[str, Any]) -> None:
    """Check that no row and no cent was lost between reading and deciding.

    Raises:
        ClaimsEditError: a bug; one fault for each sum that is not balanced.
    """
    faults = [
        f"run {manifest['run_id']}: {name}: {left} is not {right}. Nothing was published: report this as a bug."
        for name, left, right in _sums(manifest)
        if left != right
    ]
    if faults:
        raise ClaimsEditError(*faults)


def _sums(manifest: dict[str, Any]) -> Iterator[tuple[str, int | Decimal, int | Decimal]]:
    """Each pair that must be equal, by name."""
    counts, charges, inputs = manifest["counts"], manifest["charges"], manifest["inputs"]
    yield (
        "rows read = accepted + quarantined",
        counts["rows_read"],
        counts["rows_accepted"] + counts["rows_quarantined"],
    )
    yield "candidates = decisions", counts["candidates"], counts["decisions"]
    yield "decisions = sum by disposition", counts["decisions"], sum(counts["by_disposition"].values())
    yield "decisions = sum by effect", counts["decisions"], sum(counts["by_effect"].values())
    split, effects = counts["counted_by_disposition"] or {}, counts["by_effect"]
    yield f"{_COUNTED} = sum by disposition", sum(_without_uncounted(effects).values()), sum(split.values())
    yield "withdrawn = sum by cause", counts["withdrawn"], sum(counts["withdrawn_because"].values())
    for name in ("rows_read", "rows_accepted", "rows_quarantined", "rows_filtered"):
        yield f"{name} = sum over the inputs", counts.get(name, 0), sum(file.get(name, 0) for file in inputs)
    money = {name: Decimal(charges[name]) for name in ("read", "accepted", "quarantined", "candidates")}
    by_disposition = sum(map(Decimal, charges["by_disposition"].values()), Decimal())
    yield "charges read = accepted + quarantined", money["read"], money["accepted"] + money["quarantined"]
    yield "charges of candidates = sum by disposition", money["candidates"], by_disposition
    by_effect = {effect: Decimal(charge) for effect, charge in charges["by_effect"].items()}
    yield "charges of candidates = sum by effect", money["candidates"], sum(by_effect.values(), Decimal())
    counted_charges = sum(_without_uncounted(by_effect).values(), Decimal())
    split = charges["counted_by_disposition"] or {}
    yield f"charges of {_COUNTED} = sum by disposition", counted_charges, sum(map(Decimal, split.values()), Decimal())


_COUNTED = "decisions that are neither seen again nor late"


def _without_uncounted(by_effect: dict[str, _N]) -> dict[str, _N]:
    return {effect: value for effect, value in by_effect.items() if effect not in UNCOUNTED}
