"""The JSON Schemas for editors: derived, stored as derived, true to the strict reader, and found by every file."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from claims_edit.governance.schema import FOLDER, SUFFIX, kind_of, kinds, schema_line, schema_of, schema_text
from claims_edit.policy import default_rules_dir
from claims_edit.policy.source import read_pack
from claims_edit.rule_files.values import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES = default_rules_dir()
FILES = read_pack(RULES)
CITE = "{document: acme, section: 1, date: 2026}"


def as_editors_read(text: str | bytes) -> Any:
    """YAML as an editor's server guesses it; YAML 1.2, which editors follow, has no dates of its own."""

    def without_dates(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without_dates(item) for key, item in value.items()}
        if isinstance(value, list):
            return [without_dates(item) for item in value]
        return value.isoformat() if isinstance(value, dt.date) else value

    return without_dates(yaml.safe_load(text))


def faults(kind: str, text: str | bytes) -> list[str]:
    return [error.json_path for error in Draft202012Validator(schema_of(kind)).iter_errors(as_editors_read(text))]


@pytest.mark.parametrize("kind", kinds())
def test_the_stored_schema_is_the_derived_one(kind: str) -> None:
    Draft202012Validator.check_schema(schema_of(kind))
    assert (RULES / FOLDER / f"{kind}{SUFFIX}").read_text(encoding="utf-8") == schema_text(kind), "run `make schema`"


def test_no_other_schema_is_stored() -> None:
    assert {path.name for path in (RULES / FOLDER).iterdir()} == {f"{kind}{SUFFIX}" for kind in kinds()}


@pytest.mark.parametrize("path", FILES)
def test_every_shipped_file_names_its_schema_and_fits_it(path: str) -> None:
    first = FILES[path].decode().partition("\n")[0]
    assert first == schema_line(path)
    assert (RULES / path).parent.joinpath(first.partition("$schema=")[2]).resolve().is_file()
    assert faults(kind_of(path), FILES[path]) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "place"),
    [
        ("policies/premera.yaml", "kind: funding", "kind: law", "$.kind"),
        ("policies/premera.yaml", "kind: funding", "kinds: funding", "$"),
        ("policies/premera.yaml", "date: 2020-01-03", "date: 2020-1-3", "$.versions[0].from.date"),
        ("policies/premera.yaml", "rule: refer", "rule: deny", "$.versions[0].exceptions.medicare_advantage.rule"),
        ("policies/premera.yaml", "listed: [0600T, 0601T]", "listed: 0600T", "$.versions[1].codes.listed"),
        ("policies/premera.yaml", "listed: [0600T, 0601T]", "listed: [600T]", "$.versions[1].codes.listed[0]"),
        ("policies/premera.yaml", "      medicare_advantage:", "      Medicare Advantage:", "$.versions[0].exceptions"),
        ("policies/premera.yaml", "scope: all_indications", "scope:", "$.versions[0].statement.scope"),
        ("payers.yaml", "    blue_plan: true", "    blue_plan: maybe", "$.payers.florida_blue.blue_plan"),
        ("payers.yaml", "    label: Premera Blue Cross\n", "", "$.payers.premera"),
        ("evidence/nice_ip1019_2.yaml", "n: 52", "n: many", "$.studies[0].n"),
        ("evidence/nice_ip1019_2.yaml", "n: 52", "n: 0", "$.studies[0].n"),
        ("reasons.yaml", "disposition: refer", "disposition: reject", "$.reasons[11].disposition"),
        ("codes/ire.yaml", "rule: only", "rule: never", "$.codes[2].sites[0].rule"),
        ("tests/premera.yaml", "service: 2020-01-02,", "service: soon,", "$.tests[0].cases[0].service"),
        ("tests/premera.yaml", "program: commercial", "programs: commercial", "$.given"),
        ("tests/premera.yaml", "version: none", "stale: perhaps", "$.tests[0].cases[0].expect"),
    ],
)
def test_a_broken_file_does_not_fit(file: str, old: str, new: str, place: str) -> None:
    text = FILES[file].decode()
    assert old in text
    assert place in faults(kind_of(file), text.replace(old, new, 1))


def test_what_editors_take_for_numbers_and_flags_fits() -> None:
    policy = FILES["policies/regence.yaml"].decode()
    assert (
        faults("policies", policy.replace('"47384", "55877"', "47384, 55877").replace('"January 1, 2026"', "2026"))
        == []
    )
    for flag in ("true", "false", '"true"', '"false"'):
        assert faults("payers", f"payers: {{acme: {{label: 1st, blue_plan: {flag}, names: [77001, 1.5]}}}}") == []
    evidence = FILES["evidence/nice_ip1019_2.yaml"].decode()
    assert faults("evidence", evidence.replace("n: 52", 'n: "52"')) == []
    case = (
        "{payer: a, code: 47384, service: 2026-01-01..2026-01-02, diagnoses: [1550, C61 C220], expect: investigational}"
    )
    assert faults("tests", f"about: 1\ntests: [{{name: 2, cite: {CITE}, cases: [{case}]}}]") == []


def _patterns(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str) and schema.get("type") != "integer":
            yield schema["pattern"]
        for part in schema.values():
            yield from _patterns(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _patterns(part)


def test_each_format_of_a_value_is_known_in_words() -> None:
    """A fault shows no regular expression."""
    found = {pattern for kind in kinds() for pattern in _patterns(schema_of(kind))}
    dates = {"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "^[0-9]+$"}
    assert len(found) > 10
    unknown = {pattern for pattern in found - dates if "shipped rules show" in in_words(pattern)}
    assert unknown <= {r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(\.\.[0-9]{4}-[0-9]{2}-[0-9]{2})?$"}  # has a text of its own
