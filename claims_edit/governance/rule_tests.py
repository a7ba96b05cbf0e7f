"""The rule tests of a pack, decided by the engine itself in one call, and compared with the expected results."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.core.schema import CANDIDATE_SCHEMA
from claims_edit.edits import INFORMATIONAL_EDIT_IDS
from claims_edit.engine import decide, facts
from claims_edit.facts.revision import revisions_among
from claims_edit.intake.extract import ORDINAL
from claims_edit.model import DIAGNOSIS_COLUMNS, MODIFIER_COLUMNS
from claims_edit.names import name_key
from claims_edit.policy.catalog import Citations
from claims_edit.policy.rule_tests import NONE, Given
from claims_edit.runner.contracts import SCHEMA as CONTRACT_SCHEMA

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from claims_edit.policy import Catalog
    from claims_edit.policy.pack import RulePack
    from claims_edit.policy.rule_tests import ContractTerms, Expected, RuleTestsFile

_Row = dict[str, Any]
_LINE_SCHEMA: dict[str, pl.DataType] = {
    "source_file": pl.String(),
    "source_row": pl.Int64(),
    **{name: dtype for name, dtype in CANDIDATE_SCHEMA.items() if name != ORDINAL},
}
_COLUMN_OF = {
    "payer": "payer",
    "program": "line_of_business",
    "filing_indicator": "claim_filing_indicator_code",
    "member_id": "member_id",
    "plan": "plan",
    "code": "hcpcs_code",
    "diagnosis_type": "diagnosis_code_type",
    "trial_number": "clinical_trial_number",
    "condition_codes": "condition_codes",
    "value_codes": "value_codes",
    "device_exemption": "investigational_device_exemption_number",
    "prior_authorization": "prior_authorization_number",
    "doubts": "doubts",
    "frequency": "claim_frequency_code",
    "place_of_service": "place_of_service_code",
    "units": "service_unit_quantity",
}
_PLAIN = {
    "data_source": "rule-tests", "claim_line_number": 1, "claim_type": "professional", "member_id": "TEST-MEMBER",
    "diagnosis_code_type": "icd-10-cm", "claim_frequency_code": "1",
}  # fmt: skip
_PRODUCT = ("payer", "program", "filing_indicator", "member_id", "plan", "code", "service", "diagnoses", "modifiers",
            "place_of_service", "units")  # fmt: skip
_EXPECTED = (
    "edit", "edits", "disposition", "group_code", "carc", "rarcs", "version", "stale", "notes", "payer", "program",
    "site_class", "guidance", "reference",
)  # fmt: skip


@dataclass(frozen=True)
class CaseLine:
    """One claim line of a case: the location of the case, the line's facts, and the expected result."""

    place: str
    test: str
    read_in: str | None
    given: dict[str, str]
    row: _Row
    contract: ContractTerms | None
    expected: dict[str, str]


@dataclass(frozen=True)
class Suite:
    """Every line of every rule test, as the engine takes them; `expected` has a text or null for each possible fact."""

    lines: tuple[CaseLine, ...]
    candidates: pl.DataFrame
    expected: pl.DataFrame


@dataclass(frozen=True)
class Failure:
    """A line that did not match: the expected and actual values that differ, and the citation."""

    line: CaseLine
    expected: dict[str, str]
    got: dict[str, str]
    citation: str | None


def suite_of(pack: RulePack) -> Suite:
    """The lines of a pack's tests, in order of file and place."""
    lines = tuple(
        line for path, file in sorted(pack.tests.items()) for line in _lines_of(f"rules/{path}", file, Citations(pack))
    )
    rows = [
        dict.fromkeys(_LINE_SCHEMA) | _PLAIN | line.row | {"claim_id": f"CASE-{number}", "source_row": number}
        | {"group_id": _group(number) if line.contract else None}
        for number, line in enumerate(lines)
    ]  # fmt: skip
    return Suite(
        lines,
        pl.DataFrame(rows, schema=_LINE_SCHEMA),
        pl.DataFrame([line.expected for line in lines], schema=dict.fromkeys(_EXPECTED, pl.String)),
    )


def failures(suite: Suite, catalog: Catalog) -> list[Failure]:
    """The lines that do not match their expected results, in order."""
    if not suite.lines:
        return []
    decided = _decided(suite, catalog)
    differs = pl.any_horizontal(
        (pl.col(f"expected_{fact}").is_not_null() & pl.col(fact).ne_missing(pl.col(f"expected_{fact}")))
        for fact in _EXPECTED
    )
    expected = suite.expected.rename({fact: f"expected_{fact}" for fact in _EXPECTED})
    failing = pl.concat([decided, expected], how="horizontal").with_row_index("line").filter(differs)
    return [_failure(suite.lines[row["line"]], row) for row in failing.iter_rows(named=True)]


def _failure(line: CaseLine, row: _Row) -> Failure:
    differing = [fact for fact, text in line.expected.items() if row[fact] != text]
    return Failure(
        line,
        {fact: line.expected[fact] for fact in differing},
        {fact: row[fact] for fact in differing},
        row["citation"],
    )


def _decided(suite: Suite, catalog: Catalog) -> pl.DataFrame:
    """The engine's result for each line, as texts (`none`: no value), and the citation."""
    revisions = revisions_among(suite.candidates, catalog)
    contracts = _contracts(suite, catalog)
    decided = decide(suite.candidates, catalog, revisions=revisions, contracts=contracts)
    notes = pl.element().is_in(INFORMATIONAL_EDIT_IDS)
    # A decision does not name the guidance of its note; the facts do.
    known = facts(suite.candidates, catalog, revisions=revisions, contracts=contracts)
    return decided.select(
        pl.col("reason_code").alias("edit"),
        pl.col("edits").list.filter(~notes).list.join(" "),
        "disposition", "group_code", "carc", pl.col("rarcs").list.join(" "),
        pl.col("policy_version").alias("version"),
        pl.col("policy_stale").cast(pl.String).alias("stale"),
        pl.col("edits").list.filter(notes).list.join(" ").alias("notes"),
        "payer", "program", "site_class", known["guidance_id"].alias("guidance"),
        pl.col("policy_reference").alias("reference"), "citation",
    ).with_columns(pl.exclude("citation").fill_null(NONE))  # fmt: skip


def _group(number: int) -> str:
    return f"GROUP-{number}"


def _contracts(suite: Suite, catalog: Catalog) -> pl.DataFrame:
    """A contract of its own for each line that has one; an unrecognized payer has none."""
    rows = [
        {
            "payer": line.row["payer"], "group_id": _group(number), "coverage": line.contract.coverage.value,
            "effective_date": line.contract.from_ or line.row["service_start_date"],
            "end_date": line.contract.until, "group_code": line.contract.group_code,
        }
        for number, line in enumerate(suite.lines)
        if line.contract
    ]  # fmt: skip
    named = pl.DataFrame(rows, schema=CONTRACT_SCHEMA).with_columns(name_key=name_key(pl.col("payer")))
    keyed = named.drop("payer").join(catalog.payer_names.select("name_key", "payer"), on="name_key")
    return keyed.select(*CONTRACT_SCHEMA)


def _lines_of(path: str, file: RuleTestsFile, cited: Citations) -> Iterator[CaseLine]:
    for number, test in enumerate(file.tests):
        read_in = cited.text(test.cite) if test.cite else None
        for position, case in enumerate(test.cases):
            expect = case.expect or test.expect
            if expect is None:
                continue  # rejected by the checks
            facts = _facts(file.given) | _facts(test.given) | _facts(case)
            each = [facts.get(fact, (None,)) for fact in _PRODUCT]
            for chosen in itertools.product(*each):
                facts_of = facts | dict(zip(_PRODUCT, chosen, strict=True))
                yield CaseLine(
                    f"{path}: tests[{number}].cases[{position}]", test.name, read_in, _shown(facts_of),
                    _row(facts_of), facts_of.get("contract"), _expected(expect),
                )  # fmt: skip


def _facts(given: Given) -> _Row:
    return {fact: getattr(given, fact) for fact in Given.model_fields if getattr(given, fact) is not None}


def _cell(value: str | None) -> str | None:
    return None if value == NONE else value


def _row(facts: _Row) -> _Row:
    """The canonical columns of a line."""
    row: _Row = {column: _cell(facts[fact]) for fact, column in _COLUMN_OF.items() if facts.get(fact) is not None}
    row["service_start_date"], row["service_end_date"] = facts["service"]
    if row.get("service_unit_quantity") is not None:
        row["service_unit_quantity"] = float(row["service_unit_quantity"])
    diagnoses = (_cell(facts.get("diagnoses")) or "").replace(".", "").split()
    modifiers = (_cell(facts.get("modifiers")) or "").split()
    return (
        row
        | dict(zip(DIAGNOSIS_COLUMNS, diagnoses, strict=False))
        | dict(zip(MODIFIER_COLUMNS, modifiers, strict=False))
    )


def _shown(facts: _Row) -> dict[str, str]:
    """The facts of a line, as a case writes them."""
    texts = {fact: _text(value) for fact, value in facts.items() if value is not None}
    return {fact: texts[fact] for fact in Given.model_fields if fact in texts}


def _text(value: str | tuple[dt.date, dt.date] | ContractTerms) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        first, last = (day.isoformat() for day in value)
        return first if first == last else f"{first}..{last}"
    return " ".join(filter(None, ("contract", value.coverage.value, value.group_code)))


def _expected(expect: Expected) -> dict[str, str]:
    """The facts that a case pins, as texts."""
    pinned = {fact: getattr(expect, fact) for fact in _EXPECTED if getattr(expect, fact) is not None}
    return {fact: _expected_text(value) for fact, value in pinned.items()}


def _expected_text(value: str | bool | tuple[str, ...]) -> str:  # noqa: FBT001 -- a value, not a switch
    if isinstance(value, tuple):
        return " ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
