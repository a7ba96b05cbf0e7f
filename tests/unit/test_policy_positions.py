"""What a version says of its service: positions, words, criteria; and rules of an earlier form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from claims_edit.engine import decide, facts
from claims_edit.errors import RulesError
from claims_edit.governance.prove import prove
from claims_edit.policy import archived, catalog_of, default_rules_dir, examine, read_pack, recorded_catalog, upgraded
from claims_edit.policy.parse import parse
from tests.lib.candidates import CANDIDATE_SCHEMA, CONTRACT_SCHEMA
from tests.lib.proofs import proof_for
from tests.lib.stand_ins import NOT_SHIPPED, contents
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from pathlib import Path

CEDAR, ELM, FIR = "policies/cedar_health.yaml", "policies/elm_plan.yaml", "policies/fir_health.yaml"
HARBOR, LAKESIDE, SUMMIT = (
    "policies/harbor_mutual.yaml", "policies/lakeside_plan.yaml", "policies/summit_health.yaml",
)  # fmt: skip
REGENCE, NHS = "policies/regence.yaml", "policies/nhs_england.yaml"
AT = "versions[0]"
SAYS = f"{AT}.statement.says"
CRITERIA = f"{AT}.criteria"
OWN = '          cite: {document: cedar_health_policy, section: Criteria, date: "January 1, 2024"}\n'
KEPT = f"""    criteria:
      all_of:
        - says: For the liver.
          sites: [liver_primary]
{OWN.replace("cedar_health_policy", "{document}")}    applies_to:
"""


@pytest.fixture
def rules(tmp_path: Path) -> RulesFolder:
    """The shipped rules with the invented payers."""
    folder = RulesFolder(tmp_path)
    for path, raw in contents().items():
        folder.write(path, raw.decode())
    return folder


def criteria_of(document: str) -> str:
    return KEPT.replace("{document}", document)


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (SUMMIT, "      position: covered\n", "",
         f"{AT}.statement.position: is missing. Add one of investigational, not_medically_necessary, not_covered, cov"),
        (SUMMIT, "before_first_version", "before_first", "before_first_version: is missing. Add {was: none_"),
        (SUMMIT, ', cite: {document: summit_health_policy, section: History, date: "January 1, 2024"}}', "}",
         "before_first_version.cite: is missing. Cite what says that there was no policy before, or write `was: unkn"),
        (SUMMIT, "was: none_existed", "was: nothing", "before_first_version.was: `nothing` is not one of "),
        (SUMMIT, "position: covered", "position: covers", f"{AT}.statement.position[0]: `covers` is not one of "),
        (SUMMIT, "position: covered", "position: []", f"{AT}.statement.position: must have at least one item. Add one"),
        (SUMMIT, "position: covered", "position: [covered, investigational]",
         f"{AT}.statement.position: only not_medically_necessary, not_covered, investigational may be combined."),
        (LAKESIDE, "not_medically_necessary]", "investigational]",
         f"{AT}.statement.position: duplicate position `investigational`. Keep one."),
        (SUMMIT, "position: covered", "position: investigational",
         f'{SAYS}: "Covered" says covered, but the position is investigational. Correct one of the two.'),
        (SUMMIT, "Covered for every", "Medically necessary for no",
         None),
        (SUMMIT, "position: covered", "position: not_covered",
         f'{SAYS}: "Covered" says covered, but the position is not_covered. Correct one of the two.'),
        (HARBOR, "position: not_covered", "position: covered",
         f'{SAYS}: "Not covered" says not covered, but the position is covered.'),
        (LAKESIDE, "[investigational, not_medically_necessary]", "investigational",
         f'{SAYS}: "not medically necessary" says not medically necessary, but the position is investigational.'),
        (LAKESIDE, "[investigational, not_medically_necessary]", "not_medically_necessary",
         f'{SAYS}: "Investigational" says investigational, but the position is not_medically_necessary.'),
        (REGENCE, "says: Investigational for", "says: Medically necessary for",
         f'{SAYS}: "Medically necessary" says covered, but the position is investigational.'),
        (REGENCE, "says: Investigational for", "says: No longer investigational for", None),
        (REGENCE, "says: Investigational for", "says: Considered unproven for", None),
        (REGENCE, "says: Investigational for", "says: Excluded for",
         f'{SAYS}: "Excluded" says not covered, but the position is investigational.'),
        (REGENCE, "says: Investigational for", "says: Not considered medically necessary for",
         f'{SAYS}: "Not considered medically necessary" says not medically necessary, but the position is inv'),
        (CEDAR, "position: covered_with_criteria", "position: covered",
         f"{CRITERIA}: the position is not covered_with_criteria, so no line reaches it. Correct one."),
        (SUMMIT, "position: covered", "position: covered_with_criteria",
         f"{CRITERIA}: is missing, but the position is covered_with_criteria. List the policy's criteria."),
        (CEDAR, "otherwise: not_medically_necessary", "otherwise: covered",
         f"{CRITERIA}.otherwise: `covered` does not deny. Use not_medically_necessary, not_covered, investigational"),
        (CEDAR, "otherwise: not_medically_necessary", "otherwise: [not_medically_necessary, not_medically_necessary]",
         f"{CRITERIA}.otherwise: duplicate position `not_medically_necessary`. Keep one."),
        (CEDAR, "      otherwise: not_medically_necessary\n", "",
         f'{SAYS}: "not medically necessary" says not medically necessary, but the position is covered_with_criteria.'),
        (CEDAR, "sites: [liver_primary]", "sites: [liver]",
         f"{CRITERIA}.all_of[0].sites[0]: `liver` is not in tumor_sites.yaml. Use one of "),
        (CEDAR, "sites: [liver_primary]", "site: [liver_primary]",
         f"{CRITERIA}.all_of[0].site: is not a valid key. Correct its spelling, or remove it."),
        (CEDAR, "          ask: Ask the provider for the imaging report with the size of each tumor.\n", "",
         f"{CRITERIA}.all_of[1].ask: is missing, and nothing on the claim shows it. Say what to ask, and whom."),
        (CEDAR, 'place_of_service: ["21", "22"]', 'place_of_service: ["21", hospital]',
         f"{CRITERIA}.all_of[2].place_of_service[1]: `hospital` has the wrong format."),
        (CEDAR, "sites: [liver_primary]", "sites: [liver_primary]\n          modifiers: [LT]",
         f"{CRITERIA}.all_of[0]: has sites and modifiers. Write a criterion for each: all must be met."),
        (ELM, "codes: [0600T]", "codes: [0699T]",
         f"{CRITERIA}.all_of[1].codes[0]: `0699T` is not a code of irreversible_electroporation. Correct it."),
        (ELM, "codes: [0600T]", 'codes: ["47384"]',
         f"{CRITERIA}: `47384` is not in codes.listed, so no line with it reaches them. Correct one."),
        (ELM, "units_at_most: 1", "units_at_most: one", f"{CRITERIA}.all_of[2].units_at_most: is not a whole number."),
        (ELM, "units_at_most: 1", "units_at_most: 0", f"{CRITERIA}.all_of[2].units_at_most: `0` is too small."),
        (FIR, "          modifiers: [KX]\n", "          ask: Ask.\n      otherwise: not_covered\n", None),
        (NHS, "    applies_to:\n", criteria_of("nice_ipg445"),
         f"{CRITERIA}: guidance lines go to a person first, so no line reaches it. Remove it."),
        (CEDAR, "        - says: The tumor is a primary one of the liver.\n", "        - name: liver\n",
         f"{CRITERIA}.all_of[0].says: is missing. Add it."),
    ],
)  # fmt: skip
def test_a_position_is_held_to_its_words_and_criteria(
    rules: RulesFolder, file: str, old: str, new: str, fault: str | None
) -> None:
    rules.replace(file, old, new)
    if fault is None:
        assert not any(".statement." in line or ".position" in line for line in _faults(rules))
    else:
        found = rules.faults()
        assert [line for line in found if line.startswith(f"rules/{file}: {fault}")], found
        assert all(line.endswith(".") for line in found)


def _faults(rules: RulesFolder) -> tuple[str, ...]:
    try:
        catalog_of(read_pack(rules.root))
    except RulesError as error:
        return error.faults
    return ()


@pytest.mark.long
def test_no_line_is_denied_by_a_criterion_that_it_is_not_known_to_miss() -> None:
    proof = prove(catalog_of(contents()))
    assert proof.faults == ()
    assert proof.unsettled > 1_000
    assert proof.unsettled_denied == 0
    assert all(proof.edits[edit] for edit in ("covered", "criteria-review", "not-medically-necessary", "not-covered"))


@pytest.mark.long
def test_a_criterion_that_takes_unknown_for_unmet_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a missing place of service were another place."""
    from claims_edit.facts import criteria  # noqa: PLC0415

    shown = criteria._shown

    def hasty(lines: pl.DataFrame, catalog: Any) -> pl.DataFrame:
        found = shown(lines, catalog)
        return found.with_columns(
            criteria_unmet=pl.concat_list("criteria_unmet", "criteria_unknown"),
            criteria_unknown=pl.lit([], pl.List(pl.Int64)),
        )

    monkeypatch.setattr(criteria, "_shown", hasty)
    proof, reported = proof_for(catalog_of(contents()), "cedar_health", "elm_plan")
    assert proof.unsettled_denied > 0
    faults = [fault for fault in reported if "is not known to miss a criterion" in fault]
    assert any(fault.startswith(f"rules/{CEDAR}: {CRITERIA}: `not-medically-necessary` denies") for fault in faults)
    assert any(fault.startswith(f"rules/{ELM}: {CRITERIA}: `investigational` denies") for fault in faults)


LINE = {
    "source_file": "x", "source_row": 1, "claim_id": "A", "claim_line_number": 1, "member_id": "M",
    "payer": "Cedar Health",
    "line_of_business": "commercial", "hcpcs_code": "0600T", "diagnosis_code_1": "C220", "charge_amount": "10.00",
}  # fmt: skip


def lines(*changes: dict[str, Any]) -> pl.DataFrame:
    rows = [dict.fromkeys(CANDIDATE_SCHEMA) | LINE | change for change in changes]
    texts = {name: pl.String() for name in CANDIDATE_SCHEMA}
    frame = pl.DataFrame([{k: None if v is None else str(v) for k, v in row.items()} for row in rows], schema=texts)
    day = pl.lit("2024-02-01").str.to_date()
    return frame.with_columns(service_start_date=day, service_end_date=day).cast(CANDIDATE_SCHEMA)


def known(*changes: dict[str, Any]) -> list[tuple[Any, ...]]:
    given = {"revisions": pl.LazyFrame(schema=_REVISIONS), "contracts": pl.DataFrame(schema=CONTRACT_SCHEMA)}
    found = facts(lines(*changes), catalog_of(contents()), **given)
    return found.select("criteria", "criteria_unmet", "criteria_unknown").rows()


_REVISIONS = {name: pl.String() for name in ("payer", "claim_id", "claim_frequency_code", "original_claim_id")}


def test_what_a_claim_shows_of_each_criterion() -> None:
    at_home = {"place_of_service_code": "12"}
    assert known({"place_of_service_code": "21"}, {}, at_home, {"diagnosis_code_1": "C61"}, {"payer": "Regence"}) == [
        ("unknown", [], [1]), ("unknown", [], [1, 2]), ("unmet", [2], [1]), ("unmet", [0], [1, 2]), (None, None, None),
    ]  # fmt: skip


def test_the_second_of_several_diagnoses_can_meet_a_criterion() -> None:
    two = {"diagnosis_code_1": "I10", "diagnosis_code_2": "C220", "place_of_service_code": "22"}
    assert known(two) == [("unknown", [], [1])]
    elm = {"payer": "Elm Plan", "service_unit_quantity": "1", "diagnosis_code_1": "Z000", "diagnosis_code_2": "C2201"}
    assert known(elm) == [("met", [], [])]


def earlier_form() -> dict[str, bytes]:
    """The shipped rules as a release without positions had them."""
    new = NOT_SHIPPED
    found = read_pack(default_rules_dir())
    for path, raw in found.items():
        if path.startswith("drafts/"):
            continue  # that release had none
        text = re.sub(r"^before_first_version: .*\n", "", raw.decode(), flags=re.MULTILINE)
        text = text.replace("      position: investigational\n", "")
        if path == "reasons.yaml":
            head, *entries = text.split("  - edit: ")
            text = "  - edit: ".join([head, *(each for each in entries if each.partition("\n")[0] not in new)])
        if path == "remittance/core_360.yaml":
            head, *entries = text.split('  - carc: "')
            text = '  - carc: "'.join([head, *(each for each in entries if not each.startswith("50"))])
        found[path] = text.encode()
    return found


def test_an_upgrade_gives_the_present_form_and_changes_nothing_else() -> None:
    shipped = read_pack(default_rules_dir())
    found = upgraded(earlier_form(), shipped)
    line = re.compile(r"^before_first_version: .*\n", re.MULTILINE)
    apart = {path: line.sub("", raw.decode()) for path, raw in found.contents.items()}
    assert apart == {path: line.sub("", raw.decode()) for path, raw in shipped.items()}
    assert all(
        len(line.findall(found.contents[path].decode())) == 1 for path in shipped if path.startswith("policies/")
    )
    assert catalog_of(found.contents).histories.equals(catalog_of(shipped).histories)
    assert len([line for line in found.added if "statement.position: investigational" in line]) == 6
    assert "rules/reasons.yaml: reasons: covered, the shipped reason." in found.added
    assert upgraded(found.contents, shipped).added == ()


def test_a_statement_in_braces_is_upgraded_in_place() -> None:
    text = b"versions:\n  - statement: {scope: all_indications, says: X}  # as the policy has it\n"
    found = upgraded({"policies/a.yaml": text}, read_pack(default_rules_dir()))
    assert found.contents["policies/a.yaml"] == text.replace(b"{scope", b"{position: investigational, scope")


def test_rules_that_a_run_kept_in_the_earlier_form_decide_as_they_did(tmp_path: Path) -> None:
    old = earlier_form()
    assert parse(old).faults
    path = tmp_path / "rules.zip"
    path.write_bytes(archived(old))
    kept = recorded_catalog(path)
    given = {"revisions": pl.LazyFrame(schema=_REVISIONS), "contracts": pl.DataFrame(schema=CONTRACT_SCHEMA)}
    (row,) = decide(lines({"payer": "Florida Blue"}), kept, **given).to_dicts()
    assert (row["disposition"], row["reason_code"], row["rules_hash"]) == ("deny", "investigational", kept.rules_hash)
    assert kept.contents == old
    with pytest.raises(RulesError, match="position: is missing"):
        catalog_of(old)


@pytest.mark.parametrize("key", ["age: 18", "sex: female"])
def test_a_criterion_on_the_member_is_one_that_the_claim_does_not_settle(key: str) -> None:
    """No canonical column has an age or a sex: the message says how to write the criterion."""
    from tests.lib.stand_ins import contents  # noqa: PLC0415

    cedar = "policies/cedar_health.yaml"
    text = contents()[cedar].decode().replace("sites: [liver_primary]", key, 1)
    faults = examine(contents() | {cedar: text.encode()})[1]
    assert (
        f"rules/{cedar}: versions[0].criteria.all_of[0].{key.partition(':')[0]}: is not on a claim line, so no claim "
        "shows it. State it in `says`, and what to ask for in `ask`: such a line goes to a person."
    ) in faults
