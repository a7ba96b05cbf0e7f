"""The proof of a rule pack: what it counts on the shipped rules, and that each kind of corruption is reported."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from claims_edit.edits import EDIT_IDS, EDITS
from claims_edit.errors import RulesError
from claims_edit.governance import checking, line_axes
from claims_edit.governance.checking import check_pack
from claims_edit.governance.decision_space import COORDINATES
from claims_edit.governance.medicare_advantage import is_advantage
from claims_edit.governance.prove import Proof, prove
from claims_edit.governance.unreachable_rules import version_faults
from claims_edit.policy import catalog_of, load_catalog, read_pack
from claims_edit.policy import examine as examined
from claims_edit.policy.catalog import compile_catalog
from tests.lib.examples import first
from tests.lib.proofs import cells_of, proof_for
from tests.lib.stand_ins import NOT_SHIPPED
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from pathlib import Path

    from claims_edit.policy import Catalog

PREMERA, REGENCE, FLORIDA = "policies/premera.yaml", "policies/regence.yaml", "policies/florida_blue.yaml"
NHS, NICE = "policies/nhs_england.yaml", "guidance/nice.yaml"
CODES, PAYERS, PROGRAMS, REASONS = "codes/ire.yaml", "payers.yaml", "programs.yaml", "reasons.yaml"
LAST = f"rules/{REASONS}: reasons[{EDIT_IDS.index('investigational')}]"
CITE = "cite: {document: nice_ipg445, section: '1.1', date: '2013'}"
SHADOWED = f"""  - id: IPG999
    service: irreversible_electroporation
    site_class: lung
    says: Shadowed by the entry of the same day.
    out_from: {{date: 2013-12-31, {CITE}}}
"""
EXCEPTED = f"    exceptions:\n      fep: {{rule: refer, says: Never reached., {CITE}}}\n    history:\n"


@pytest.fixture
def rules(tmp_path: Path) -> RulesFolder:
    return RulesFolder(tmp_path)


def unchecked(rules: RulesFolder) -> Catalog:
    """The decision tables of a pack that the checks at loading would refuse."""
    contents = read_pack(rules.root)
    pack, _ = examined(contents)
    assert pack is not None
    return compile_catalog(pack, contents, "00")


@pytest.fixture(scope="module")
def shipped() -> Proof:
    return prove(load_catalog())


def test_the_shipped_rules_are_proved(shipped: Proof) -> None:
    assert shipped.faults == ()
    assert shipped.cells == sum(shipped.by_disposition.values()) > 100_000
    assert {edit.id for edit in EDITS if not shipped.edits[edit.id]} == NOT_SHIPPED
    assert shipped.advantage > 10_000
    assert shipped.advantage_denied == 0
    assert shipped.held > 100_000
    assert shipped.held_denied == 0
    assert shipped.idle == ()  # a procedure of the claim reaches versions that list no code
    assert shipped.of_claim > 500_000
    assert shipped.of_claim_settled == 0


@pytest.mark.long
def test_every_axis_of_the_space_is_walked() -> None:
    catalog = load_catalog()
    cells = pl.concat(
        (
            frame.select(*COORDINATES, "hcpcs_code", "^code_column$", "service_start_date", "service_end_date")
            for frame in cells_of(catalog, "florida_blue")
        ),
        how="diagonal",
    )
    of_lines = catalog.codes.filter(~pl.col("of_claims"))["hcpcs_code"]
    assert set(cells["hcpcs_code"]) == {*of_lines, "0F500ZF", "J128+Y123"}
    assert cells.filter(pl.col("code_column").is_not_null())["hcpcs_code"].n_unique() == of_lines.len() + 2
    assert set(cells["at_trial"]) == set(line_axes.trial_frame()["at_trial"])
    assert set(cells["at_hold"]) == set(line_axes.hold_frame()["at_hold"])
    assert {"none", "prior authorization", "doubt"} <= set(cells["at_hold"])
    assert set(cells["at_claim"]) == {"current", "void", "replaced"}
    assert {"none", "covered", "excluded", "review", "excluded, PR"} <= set(cells["at_contract"])
    assert {"pancreas", "not_solid", "no diagnosis", "ICD-9 only"} <= set(cells["at_site"])
    states = set(cells["at_program"])
    assert {"no signal", "line of business fep", "member id SHAPE0", "SBR09 16"} <= states
    assert "line of business commercial, SBR09 16" in states
    assert {"plan fep", "line of business commercial, plan fep", "plan fepblue", "SBR09 16, plan commercial"} <= states
    assert {"plan plan of tricare", "line of business commercial, plan plan of medicare"} <= states
    assert {f"line of business {key}" for key in catalog.program_spellings["name_key"]} <= states
    starts = {str(day) for day in cells["service_start_date"]}
    # Around the codes' list, the site rule, the overdue review and guidance on a site.
    assert {"2020-06-30", "2020-07-01", "2025-12-31", "2026-01-01", "2025-05-23", "2025-05-24", "2017-05-31"} <= starts
    assert cells.filter(pl.col("service_end_date") > pl.col("service_start_date")).height


@pytest.mark.long
def test_all_faults_of_what_cannot_be_reached_at_once(rules: RulesFolder) -> None:
    rules.replace(PREMERA, "date: 2020-06-30", "date: 2020-06-15")
    rules.replace(NHS, "    history:\n", EXCEPTED).replace(NHS, "listed: []", "listed: [0600T]")
    rules.replace(NICE, "  - id: IPG442", f"{SHADOWED}  - id: IPG442")
    rules.replace(CODES, "rule: only\n        sites: [prostate]", "rule: other_than\n        sites: [not_solid]")
    for _ in range(3):
        rules.replace(PAYERS, "    blue_plan: true", "    blue_plan: false")
    with pytest.raises(RulesError) as caught:
        check_pack(rules.root, None)
    reported = "\n".join(caught.value.faults)
    for place in (
        f"rules/{PREMERA}: versions[0].until: 2020-06-15 leaves a gap: no version",
        f"rules/{NHS}: versions[0].exceptions.fep: guidance lines go to a person first",
        f"rules/{NHS}: versions[0].codes.listed[0]: guidance lines go to a person first",
        f"rules/{NICE}: guidance[",
        f"rules/{CODES}: codes[3].sites: no line reaches `code-site-mismatch`.",
        f"rules/{PROGRAMS}: programs.fep.member_id_shapes[0]: no line reaches it, because no payer is a blue_plan.",
    ):
        assert place in reported, reported
    assert len(caught.value.faults) == 6, reported


@pytest.mark.parametrize(
    ("moved", "place"),
    first(1, [
        (("      - Medicare HMO\n", "", "      - Commercial HMO\n", "      - Commercial HMO\n      - Medicare HMO\n"),
         f"rules/{PROGRAMS}: programs.commercial.spellings[3]: Medicare Advantage ends in deny (`investigational`)"),
        (('filing_indicators: ["16"]', 'filing_indicators: ["15"]', "x", "x"),
         f"rules/{PROGRAMS}: programs.medicare_advantage: the value `16` is missing, so Medicare Advantage ends"),
        (('filing_indicators: ["16"]', 'filing_indicators: ["15"]', "filing_indicators: [MC]",
          'filing_indicators: [MC, "16"]'),
         f"rules/{PROGRAMS}: programs.medicaid.filing_indicators[1]: Medicare Advantage ends in deny"),
    ]),
)  # fmt: skip
def test_a_sign_of_medicare_advantage_read_differently_is_reported(
    rules: RulesFolder, moved: tuple[str, str, str, str], place: str
) -> None:
    taken, left, before, after = moved
    rules.replace(PROGRAMS, taken, left).replace(PROGRAMS, before, after)
    proof, reported = proof_for(catalog_of(read_pack(rules.root)), "florida_blue")
    assert proof.advantage_denied > 0
    assert any(fault.startswith(place) for fault in reported), reported
    assert any("payer florida_blue" in fault and "code 0600T" in fault for fault in reported)


@pytest.mark.long
def test_a_policy_that_applies_to_medicare_advantage_is_a_fault_and_not_a_crash(rules: RulesFolder) -> None:
    rules.replace(REGENCE, "programs: [commercial", "programs: [medicare_advantage, commercial")
    proof, reported = proof_for(unchecked(rules), "regence")
    assert proof.advantage_denied > 0
    fault = next(each for each in reported if "(`investigational`)" in each)
    assert fault.startswith(f"rules/{REGENCE}: versions[0].applies_to.programs: Medicare Advantage ends in deny")


@pytest.mark.parametrize(
    ("old", "new", "place"),
    first(1, [
        ('    carc: "55"\n', "", f"{LAST}.carc: `investigational` denies without a CARC"),
        ('    carc: "55"\n    group_code: CO\n', '    carc: "55"\n',
         f"{LAST}.group_code: `investigational` denies without a group code"),
    ]),
)  # fmt: skip
def test_a_denial_that_no_remittance_can_carry_is_reported(rules: RulesFolder, old: str, new: str, place: str) -> None:
    rules.replace(REASONS, old, new)
    _, reported = proof_for(unchecked(rules), "premera")
    assert any(fault.startswith(place) for fault in reported), reported


@pytest.mark.long
def test_a_denial_without_citation_is_reported() -> None:
    catalog = load_catalog()
    bare = replace(catalog, versions=catalog.versions.with_columns(pl.lit(None, pl.String).alias("statement_citation")))
    _, reported = proof_for(bare, "premera")
    assert any("statement.cite: `investigational` denies without a citation" in fault for fault in reported), reported


def test_an_engine_that_decides_otherwise_than_the_reasons_is_reported() -> None:
    catalog = load_catalog()
    silent = pl.when(pl.col("reason_code") == "program-silent").then(pl.lit("pass")).otherwise("disposition")
    other = replace(catalog, reasons=catalog.reasons.with_columns(silent.alias("disposition")))
    _, reported = proof_for(other, "premera")
    assert [
        fault
        for fault in reported
        if fault.startswith(f"rules/{REASONS}: reasons[{EDIT_IDS.index('program-silent')}]: ")
    ], reported


def test_a_gap_with_its_reason_is_accepted_and_one_without_gap_is_not(
    rules: RulesFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules.replace(
        PREMERA, "    until:\n      date: 2020-06-30", "    gap: Withdrawn.\n    until:\n      date: 2020-06-30"
    )
    fault = f"rules/{PREMERA}: versions[0].gap: explains a gap, but versions[1] follows without one. Remove it."
    assert list(version_faults(unchecked(rules).pack)) == [fault]
    rules.replace(PREMERA, "date: 2020-06-30", "date: 2020-06-15")
    monkeypatch.setattr(checking, "prove", lambda _catalog: Proof())
    check_pack(rules.root, None)


OTHER_MEDICARE = ["medicareffs", "medicarepartaandb", "medicareab", "ffsmedicare", "medicaresupplement", "medigap"]


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        *((stated, True) for stated in ("ma", "mapd", "mahmopos", "maplans", "snp", "dualsnp", "partc", "medicare",
                                    "mcrhmo", "hmomedicare", "medicarepffs", "medicarereplacement",
                                    "employergroupwaiverplan")),
        *((one, False) for one in (*OTHER_MEDICARE, "commercial", "marketplace", "teamcare", "mcd", "shop", "sma")),
    ],
)  # fmt: skip
def test_words_that_say_medicare_advantage_or_may(stated: str, says: bool) -> None:
    assert is_advantage([stated]) == [says]


def test_every_spelling_of_the_shipped_pack_says_what_it_is() -> None:
    """So that none of them can be moved to another program without the proof telling."""
    stated = load_catalog().program_spellings
    reported = stated.filter(pl.Series(is_advantage(stated["name_key"])))
    assert reported.equals(stated.filter(program="medicare_advantage"))


@pytest.mark.long
@pytest.mark.parametrize(
    "shape", first(1, ["^[A-Z0-9]{11}$", "^.+$", "^[1-9][A-Z][A-Z0-9][0-9][A-Z][A-Z0-9][0-9][A-Z]{2}[0-9]{2}$"])
)
def test_a_shape_that_takes_medicares_own_ids_for_another_program_is_reported(rules: RulesFolder, shape: str) -> None:
    rules.replace(
        PROGRAMS, "  marketplace:\n    label", f"    member_id_shapes: ['{shape}']\n  marketplace:\n    label"
    )
    proof, reported = proof_for(catalog_of(read_pack(rules.root)), "premera")
    assert proof.advantage_denied > 0
    place = f"rules/{PROGRAMS}: programs.commercial.member_id_shapes[0]: Medicare Advantage ends in deny"
    assert any(fault.startswith(place) for fault in reported), reported


@pytest.mark.long
def test_a_payers_name_that_says_medicare_advantage_is_reported(rules: RulesFolder) -> None:
    rules.replace(PAYERS, "      - Premera BC\n", "      - Premera BC\n      - Premera Medicare Advantage\n")
    proof, reported = proof_for(catalog_of(read_pack(rules.root)), "premera")
    assert proof.advantage_denied > 0
    assert any(
        f"rules/{PAYERS}: payers.premera.names[3]: Medicare Advantage ends in deny" in fault for fault in reported
    )


def test_faults_of_reading_hide_neither_gaps_nor_documents(rules: RulesFolder, tmp_path: Path) -> None:
    """A file that cannot be read is reported together with what is wrong in the others."""
    rules.replace(REGENCE, "section: Codes, date", "section: '', date").replace(
        PREMERA, "date: 2020-06-30", "date: 2020-06-15"
    )
    rules.write(PROGRAMS, "programs: [")
    with pytest.raises(RulesError) as caught:
        check_pack(rules.root, tmp_path)
    reported = "\n".join(caught.value.faults)
    for place in (
        f"rules/{REGENCE}: versions[0].codes.cite.section: is empty",
        f"rules/{PROGRAMS}: line 2",
        f"rules/{PREMERA}: versions[0].until: 2020-06-15 leaves a gap",
        f"rules/{PREMERA}: documents[0].source: no ",
    ):
        assert place in reported, reported
