"""The axis of the decision space for criteria of coverage, and a second reading of them, apart from that of facts."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.facts.diagnosis import ICD_9
from claims_edit.governance.decision_axes import site_frame
from claims_edit.rule_files.policies import CHECKED_BY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from claims_edit.governance.decision_axes import Meaning
    from claims_edit.policy import Catalog
    from claims_edit.rule_files.policies import Criterion

_OTHER_PLACE = "99"  # CMS: another place of service
_LINE = ("hcpcs_code", "diagnosis_code_type", "diagnosis_codes", "modifiers", "place_of_service_code",
         "service_unit_quantity", "site_class")  # fmt: skip
_VERSION = ("payer", "service", "timeline", "policy_version")


Values = dict[str, set[str]]
"""The values in a payer's criteria, by their kind."""


def criteria_values(catalog: Catalog) -> dict[str, Values]:
    """The values in the criteria of each payer that has some that a claim can show."""
    found: dict[str, Values] = {}
    own = catalog.criteria.filter(pl.col("checked_by").is_not_null())
    for payer, kind, values, at_most in own.select("payer", "checked_by", "values", "at_most").iter_rows():
        of_payer = found.setdefault(payer, {each: set() for each in CHECKED_BY})
        of_payer[kind].update([str(at_most)] if at_most is not None else values)
    return found


def criteria_frame(values: Values, classes: Mapping[Meaning, str]) -> pl.DataFrame | None:
    """Each value of a line that meets a criterion of the payer, another one, and none, with each of the others.

    None where no version of the payer has a criterion that a claim can show. The code is an axis of its own. `classes`
    are the classes of diagnosis with an example (`decision_axes.site_classes`).
    """
    if not any(values.values()):
        return None
    axes = [_diagnoses(classes, values)]
    if values["place_of_service"]:
        axes.append(_axis("place_of_service_code", [*sorted(values["place_of_service"]), _OTHER_PLACE, None]))
    if values["modifiers"]:
        axes.append(_axis("hcpcs_modifier_1", [*sorted(values["modifiers"]), None]))
    if values["units_at_most"]:
        most = sorted({each for at in values["units_at_most"] for each in (float(at), float(at) + 1)})
        axes.append(_axis("service_unit_quantity", [*most, None]))
    crossed = reduce(lambda left, right: left.join(right, how="cross", maintain_order="left_right"), axes)
    words = {"place_of_service_code": "place", "hcpcs_modifier_1": "modifier", "service_unit_quantity": "units"}
    given = {name: word for name, word in words.items() if name in crossed.columns}
    label = pl.concat_str(
        "at_site",
        *(pl.format(f" + {word} {{}}", pl.col(name)).fill_null(f" + no {word}") for name, word in given.items()),
    )
    return crossed.with_columns(at_site=label)


def _axis(column: str, values: Sequence[str | float | None]) -> pl.DataFrame:
    return pl.DataFrame({column: values})


def _diagnoses(classes: Mapping[Meaning, str], values: Values) -> pl.DataFrame:
    """One diagnosis of each class or prefix that a criterion names, one of another class, none, and ICD-9."""
    named = {code: code for code in sorted(values["diagnoses"])}
    other = True
    for meaning, code in classes.items():
        wanted = bool(set(meaning) & values["sites"])
        if wanted or (other and code not in named):
            named.setdefault(" → ".join(dict.fromkeys(map(str, meaning))), code)
            other = other and wanted
    return site_frame(named)


VersionKey = tuple[str, ...]


def criteria_of(catalog: Catalog) -> dict[VersionKey, tuple[Criterion, ...]]:
    """The criteria of each version that has some, by payer, service, timeline and version, from the policy files."""
    return {
        (policy.payer, policy.service, policy.timeline, version.id): version.criteria.all_of
        for policy in catalog.pack.policies.values()
        for version in policy.versions
        if version.criteria
    }


def unsettled(decided: pl.DataFrame, criteria: Mapping[VersionKey, tuple[Criterion, ...]]) -> pl.Expr:
    """Whether a cell is under a version with criteria none of which is known not to be met (Boolean).

    Read again from the policy files (`criteria_of`) and the cell's columns, one distinct line at a time: the proof may
    not rely on what it is to prove.
    """
    if not criteria:
        return pl.lit(value=False)
    names = [name for name in (*_VERSION, *_LINE) if name in decided.columns]
    held = pl.DataFrame(list(criteria), schema=dict.fromkeys(_VERSION, pl.String), orient="row")
    distinct = decided.select(names).unique(maintain_order=True).join(
        held, on=_VERSION, how="semi", maintain_order="left"
    )  # fmt: skip
    doubtful = [
        not any(_unmet(row, criteria[tuple(row[name] for name in _VERSION)])) for row in distinct.iter_rows(named=True)
    ]
    found = distinct.filter(pl.Series(doubtful, dtype=pl.Boolean))
    return pl.struct(names).is_in(found.to_struct().implode())


def _unmet(row: dict[str, Any], criteria: Iterable[Criterion]) -> Iterator[bool]:
    """For each criterion of a cell's version, whether the cell shows that it is not met."""
    diagnoses = [] if row["diagnosis_code_type"] == ICD_9 else list(row["diagnosis_codes"])
    place, units = row.get("place_of_service_code"), row.get("service_unit_quantity")
    for criterion in criteria:
        if criterion.sites:
            yield bool(diagnoses) and row["site_class"] not in criterion.sites
        if criterion.diagnoses:
            yield bool(diagnoses) and not any(code.startswith(criterion.diagnoses) for code in diagnoses)
        if criterion.codes:
            yield row["hcpcs_code"] not in criterion.codes
        if criterion.modifiers:
            yield not set(criterion.modifiers) & set(row["modifiers"])
        if criterion.place_of_service:
            yield place is not None and place not in criterion.place_of_service
        if criterion.units_at_most is not None:
            yield units is not None and units > criterion.units_at_most
