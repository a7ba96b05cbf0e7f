"""Faults that no single value shows: order of versions, unknown names, names that mean two things, wrong denials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from claims_edit.edits import LABELS
from claims_edit.policy import load_catalog
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from pathlib import Path

PREMERA, REGENCE, FLORIDA = "policies/premera.yaml", "policies/regence.yaml", "policies/florida_blue.yaml"
CODES, PAYERS, PROGRAMS, REASONS = "codes/ire.yaml", "payers.yaml", "programs.yaml", "reasons.yaml"
AT = {edit: f"reasons[{place}]" for place, edit in enumerate(LABELS)}
CONTRACT_REVIEW, NOT_VALID, EXCLUDES = AT["contract-review"], AT["code-not-valid-on-dos"], AT["contract-excludes"]
STALE, LAST = AT["policy-stale"], AT["investigational"]
CORE = "remittance/core_360.yaml"
SITES, NICE, STUDIES = "codes/tumor_sites.yaml", "guidance/nice.yaml", "evidence/nice_ip1019_2.yaml"
BY_SITE = "evidence/regence_surgery_242.yaml"
UNTIL = """    until:
      date: 2020-06-30
      note: The day before the codes were replaced.
      cite: {document: premera_ire, section: History, date: 07/01/20}
"""
FIRST = "date: 2020-07-01\n      cite: {document: premera_ire"
CODE = "    cite: {document: premera_ire, section: History, date: 07/01/20}\n"
SINCE = "    valid_from: {date: 2022-01-01, cite: {document: premera_ire, section: History, date: 07/01/20}}\n"
GONE = "    valid_until: {date: 2019-12-31, cite: {document: premera_ire, section: History, date: 07/01/20}}\n"


@pytest.fixture
def rules(tmp_path: Path) -> RulesFolder:
    return RulesFolder(tmp_path)


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (PREMERA, FIRST, FIRST.replace("2020-07-01", "2019-07-01"),
         "versions[1].from: 2019-07-01 is before versions[0] (2020-01-03). Order versions oldest first."),
        (PREMERA, FIRST, FIRST.replace("2020-07-01", "2020-01-03"),
         "versions[1].from: 2020-01-03 is the first day of versions[0] (2020-01-03). Order versions oldest first."),
        (PREMERA, FIRST, FIRST.replace("2020-07-01", "2020-06-30"),
         "versions[0].until: 2020-06-30 overlaps versions[1] (from 2020-06-30). End it at the latest on 2020-06-29."),
        (PREMERA, UNTIL, "",
         "versions[0].until: is missing, so versions[1] (from 2020-07-01) overlaps. Give the last day, at most 2020"),
        (PREMERA, "date: 2020-06-30", "date: 2020-01-02",
         "versions[0].until: 2020-01-02 is before from (2020-01-03). Correct one of the two."),
        (REGENCE, "date: 2026-11-30", "date: 2025-12-31",
         "versions[0].next_review: 2025-12-31 is not after reviewed (2025-12-31). Correct one of the two."),
        ("policies/nhs_england.yaml", "kind: guidance", "kind: funding",
         "versions[0].reviewed: is missing, so the version could never go stale. Add its last review."),
        (PREMERA, "payer: premera\n", "payer: premiera\n", "payer: `premiera` is not in payers.yaml."),
        (PREMERA, "service: irreversible", "service: reversible",
         "service: `reversible_electroporation` is not a service of any file in codes/."),
        (PREMERA, "[commercial, marketplace]", "[commercial, exchange]",
         "versions[0].applies_to.programs[1]: `exchange` is not in programs.yaml."),
        (PREMERA, "[commercial, marketplace]", "[commercial, commercial]",
         "versions[0].applies_to.programs[1]: duplicate program `commercial`. Keep one."),
        (PREMERA, "      medicare_advantage:", "      tricare:",
         "versions[0].exceptions.tricare: `tricare` is not in programs.yaml."),
        (FLORIDA, "marketplace, medicaid]", "marketplace, fep]",
         "versions[0].applies_to.programs[2]: `fep` is also an exception. Remove it from one of them."),
        (PREMERA, '"32999"', '"32998"', "versions[0].codes.listed[0]: `32998` is not defined in codes/."),
        (PREMERA, '"32999", "47399"', '"32999", "32999"', "versions[0].codes.listed[1]: duplicate code `32999`."),
        (PREMERA, '"32999"', '"47384"',
         "versions[0].codes.listed[0]: `47384` is not valid on any day of this version. Remove it, or correct a"),
        (CODES, CODE, CODE + SINCE + GONE, "codes[4].valid_until: 2019-12-31 is before valid_from."),
        (CODES, '"47399"', '"32999"', "codes[5].code: `32999` is already defined in codes/ire.yaml. Keep one."),
        (CODES, "sites: [prostate]", "sites: [bladder]", "codes[3].sites[0].sites[0]: `bladder` is not in tumor_sites"),
        (SITES, "prefixes: [C61]", "prefixes: [C61, C64]",
         "site_classes.prostate.prefixes: `C64` is already assigned to kidney. Keep one."),
        (SITES, "ranges: [C00-C80]", "ranges: [C80-C00]",
         "site_classes.other_solid.ranges[0]: `C80-C00` is empty."),
        (SITES, "prefixes: [C61]", "prefixes: [C61], ranges: [C60-C62]",
         "site_classes.other_solid.ranges: `C60` is already assigned to prostate. Keep one."),
        (PAYERS, "- Premera Alaska", "- blue-cross blue-shield of FLORIDA",
         "payers.premera.names[12]: `bluecrossblueshieldofflorida` is already assigned to florida_blue."),
        (PAYERS, "- Premera Alaska", "- florida blue!",
         "payers.premera.names[12]: `floridablue` is already assigned to florida_blue"),
        (PAYERS, "- Premera Alaska", "- '---'", "payers.premera.names[12]: `---` has no letter or digit."),
        (PROGRAMS, "- SAO\n", "- M.A.\n", "programs.state_account.spellings[0]: `ma` is already assigned to"),
        (PROGRAMS, "- SAO\n", "- FEP\n", "programs.state_account.spellings[0]: `fep` is already assigned to fep."),
        (PROGRAMS, "[MA, MB]", "[MA, MB, FI]",
         "programs.fep.filing_indicators[0]: `FI` is already assigned to medicare_ffs."),
        (PROGRAMS, "- SAO\n", "- Gold Medicare-Advantage PPO\n",
         "programs.state_account.spellings[0]: `Gold Medicare-Advantage PPO` names Medicare Advantage, which is never"),
        (PROGRAMS, '    filing_indicators: ["16"]\n', "",
         "programs.medicare_advantage.filing_indicators: is missing, so its lines could be denied."),
        (PROGRAMS, "  medicare_advantage:\n", "  ma_plans:\n",
         "programs.medicare_advantage: is missing, so its lines could be denied. Add it."),
        (PROGRAMS, "plan_words: [Medigap]", "plan_words: [Medi-Care]",
         "programs.medicare_ffs.plan_words[0]: `medicare` is already assigned to medicare_advantage."),
        (PROGRAMS, "plan_words: [Medigap]", "plan_words: ['+']",
         "programs.medicare_ffs.plan_words[0]: `+` has no letter or digit."),
        ("codes/tumor_sites.yaml", "ranges: [C81-C96]", "ranges: [C96-C81]",
         "site_classes.not_solid.beside[0].ranges[0]: `C96-C81` is empty."),
        (PREMERA, "kind: funding", "kind: funding\nfollows: National Institute for Health and Care Excellence (NICE)",
         "follows: guidance by site never denies, and a funding policy has its own reference. Remove it."),
        ("policies/nhs_england.yaml", "follows: National", "follows: Another",
         "follows: no file of guidance/ has guidance on irreversible_electroporation of `Another Institute"),
        ("worklist.yaml", "  unlisted-code:", "  unlisted-codes:",
         "reasons.unlisted-codes: is not an edit. Use one of line-superseded, "),
        ("worklist.yaml", "each_night_open: 5", "each_night_open: -5", "each_night_open: `-5` is too small. Use 0 or"),
        (REASONS, "edit: contract-review", "edit: contract-reviews",
         "reasons: the edit `contract-review` is missing. Add its reason; `claims-edit rules upgrade` adds the"),
        (REASONS, "edit: contract-review", "edit: contract-reviews",
         f"{CONTRACT_REVIEW}.edit: `contract-reviews` is not an edit."),
        (REASONS, "edit: contract-review", "edit: contract-covers",
         f"{CONTRACT_REVIEW}.edit: duplicate edit `contract-covers`."),
        (REASONS, "edit: policy-stale\n", "edit: policy-stale\n    disposition: review\n",
         f"{STALE}.disposition: `policy-stale` is informational. Remove it."),
        (REASONS, '    disposition: deny\n    carc: "55"\n', '    carc: "55"\n',
         f"{LAST}.disposition: is missing. Add it."),
        (REASONS, '    carc: "55"\n', "",
         f"{LAST}.carc: is missing, but `investigational` needs one to deny. Add it."),
        (REASONS, '    carc: "55"\n    group_code: CO\n', '    carc: "55"\n',
         f"{LAST}.group_code: is missing, but `investigational` needs one to deny. Add it."),
        (REASONS, "    rarcs: [M20]\n    group_code: CO\n", "    rarcs: [M20]\n",
         f"{NOT_VALID}.group_code: is missing, but `code-not-valid-on-dos` needs one to return. Add it."),
        (REASONS, 'carc: "55"', 'carc: "45"',
         f"{LAST}.carc: CARC `45` is not in an approved combination of remittance/. Correct it, or add it there."),
        (REASONS, "rarcs: [M20]\n    group_code: CO", "rarcs: [M20]\n    group_code: PR",
         f"{NOT_VALID}.group_code: `PR` does not go with CARC `181` (scenario data_wanted). Use one of CO, PI."),
        (REASONS, '    carc: "181"', '    carc: "55"',
         f"{NOT_VALID}.disposition: CARC `55` (scenario not_covered) is not approved for a return."),
        (REASONS, "    rarcs: [N130]\n", "",
         f"{EXCLUDES}.rarcs: is empty, but CARC `96` (scenario not_covered) needs a remark code. Add one of N10,"),
        (REASONS, "rarcs: [N130]", "rarcs: [N130, M20]",
         f"{EXCLUDES}.rarcs: `M20` is not an approved combination with CARC `96` (scenario not_covered)."),
        (REGENCE, "group_code: PR", "group_code: OA",
         "versions[0].liability.group_code: `OA` does not go with CARC `55` (scenario not_covered) of `investig"),
        (REGENCE, "group_code: PR", "group_code: OA",
         "versions[0].liability.group_code: `OA` does not go with CARC `96` (scenario not_covered) of `contract"),
        (CORE, "scenario: data_wanted", "scenario: data_missing",
         "combinations[3].scenario: `data_missing` is not a scenario of the file. Use one of documents_wanted, data_"),
        (CORE, "id: data_wanted", "id: documents_wanted",
         "scenarios[1].id: duplicate id `documents_wanted`. Give each scenario its own id."),
        (CORE, "    rarcs: [N10, N115, N130]\n", "",
         "combinations[2].rarcs: is empty, but a remark code is required. Add the approved ones."),
        (CORE, 'carc: "96"', 'carc: "55"',
         "combinations[2].carc: `55` is already defined in not_covered (remittance/core_360.yaml). Merge the two."),
        (CORE, "cite: {document: va_adjustment_reason", "cite: {document: va_reasons",
         "combinations[0].cite.document: `va_reasons` is not defined."),
        (CORE, "needs_remark: false", "needs_remark: no",
         "combinations[0].needs_remark: `no` must be true or false."),
        (NICE, "site_class: lung", "site_class: lungs", "guidance[0].site_class: `lungs` is not in tumor_sites.yaml."),
        (NICE, "id: IPG442", "id: IPG441", "guidance[1].id: `IPG441` is already defined in guidance/nice.yaml."),
        (NICE, "document: nice_ip1019_2", "document: nice_ip1019",
         "guidance[0].out_from.cite.document: `nice_ip1019` is not defined."),
        (STUDIES, "summarises: nice_ip1019_2", "summarises: nice_ip1019",
         "summarises: `nice_ip1019` is not defined."),
        (STUDIES, "id: sutter_2017", "id: mafeld_2019", "studies[2].id: duplicate id `mafeld_2019`."),
        (STUDIES, "[liver_primary]", "[liver]", "studies[1].site_classes[0]: `liver` is not in tumor_sites.yaml."),
        (BY_SITE, "by_site:\n  - site_classes: [liver_primary", "by_site:\n  - site_classes: [liver",
         "by_site[0].site_classes[0]: `liver` is not in tumor_sites.yaml."),
        (BY_SITE, "  - site_classes: [pancreas]", "  - site_classes: [pancreas, liver_primary]",
         "by_site[1].site_classes[1]: duplicate site `liver_primary`. Give each site one conclusion."),
        (BY_SITE, 'cite: {document: regence_surgery_242, section: "Section Summary, Liver',
         'cite: {document: regence, section: "Section Summary, Liver',
         "by_site[0].cite.document: `regence` is not defined."),
        (STUDIES, "  - id: nice_ip1019_2", "  - id: premera_ire",
         "documents[0].id: `premera_ire` is already defined in"),
        (REGENCE, "cite: {document: regence_surgery_242, section: Effective",
         "cite: {document: regence, section: Effective",
         "versions[0].from.cite.document: `regence` is not defined. Correct it, or add the document under"),
        (CODES, "cite: {document: florida_blue_02_40000_26", "cite: {document: florida",
         "codes[0].cite.document: `florida` is not defined."),
    ],
)  # fmt: skip
def test_fault_names_place_and_remedy(rules: RulesFolder, file: str, old: str, new: str, fault: str) -> None:
    faults = rules.replace(file, old, new).faults()
    if "is already defined in" in fault:
        assert any(fault in line for line in faults), faults
    else:
        assert [line for line in faults if line.startswith(f"rules/{file}: {fault}")], faults
    assert all(line.endswith(".") for line in faults)


@pytest.mark.parametrize("file", [PREMERA, REGENCE, FLORIDA, "policies/nhs_england.yaml"])
def test_a_version_that_applies_to_medicare_advantage_is_refused(rules: RulesFolder, file: str) -> None:
    faults = rules.replace(file, "      programs: [", "      programs: [medicare_advantage, ").faults()
    refused = (
        f"rules/{file}: versions[0].applies_to.programs[0]: Medicare Advantage is never denied automatically. "
        "Move it to exceptions, with the rule refer or review."
    )
    assert refused in faults


@pytest.mark.parametrize(
    "edit", ["payer-not-on-file", "program-silent", "program-exception-review", "unlisted-code", "indication-unknown"]
)
def test_an_edit_before_all_facts_are_established_may_not_deny(rules: RulesFolder, edit: str) -> None:
    rules.replace(REASONS, f"edit: {edit}\n    disposition: review", f"edit: {edit}\n    disposition: deny")
    assert any(f"`{edit}` may not deny" in line for line in rules.faults())


@pytest.mark.parametrize("edit", ["payer-not-on-file", "program-silent", "program-exception-review", "trial-context"])
def test_what_is_missing_or_silent_may_not_pass(rules: RulesFolder, edit: str) -> None:
    rules.replace(REASONS, f"edit: {edit}\n    disposition: review", f"edit: {edit}\n    disposition: pass")
    assert any(f"`{edit}` may not pass" in line for line in rules.faults())


def test_reasons_out_of_table_order_are_refused(rules: RulesFolder) -> None:
    text = (rules.root / REASONS).read_text(encoding="utf-8")
    head, *reasons = text.split("  - edit: ")
    reasons[3], reasons[4] = reasons[4], reasons[3]
    faults = rules.write(REASONS, "  - edit: ".join([head, *reasons])).faults()
    fault = "reasons: `payer-not-on-file` is after `dos-spans-boundary`. Keep the order of the decision table."
    assert faults == (f"rules/{REASONS}: {fault}",)


def test_two_policies_of_one_payer_on_one_service_need_ids_of_their_own(rules: RulesFolder) -> None:
    text = (rules.root / PREMERA).read_text(encoding="utf-8")
    start, end = text.index("documents:"), text.index("before_first_version:")
    again = "policies/premera_again.yaml"
    one_id = "id: `premera-ire` is already the id of policies/premera.yaml. Give each policy its own id."
    faults = rules.write(again, text[:start] + text[end:]).faults()
    assert faults == (f"rules/{again}: {one_id}",)


def test_a_second_service_is_a_change_of_yaml_alone(rules: RulesFolder) -> None:
    codes = (rules.root / CODES).read_text(encoding="utf-8")
    start, end = codes.index("  - code: 0600T"), codes.index("  - code: 0601T")
    codes = "service: cryoablation\nlabel: Cryoablation\ncodes:\n" + codes[start:end]
    policy = (rules.root / REGENCE).read_text(encoding="utf-8")
    policy = policy.replace("irreversible_electroporation", "cryoablation").replace(
        "regence-surgery-242", "regence-132"
    )
    policy = policy.replace('[0600T, 0601T, "47384", "55877"]', "[0999T]")
    policy = policy[: policy.index("documents:")] + policy[policy.index("before_first_version:") :]
    rules.write("codes/cryo.yaml", codes.replace("0600T", "0999T")).write("policies/regence_cryo.yaml", policy)
    catalog = load_catalog(rules.root)
    assert catalog.listed_codes.filter(service="cryoablation").select("payer", "hcpcs_code").rows() == [
        ("regence", "0999T")
    ]
    assert dict(catalog.codes.select("hcpcs_code", "service").rows())["0999T"] == "cryoablation"
    rules.replace("policies/regence_cryo.yaml", "[0999T]", "[0600T]")
    assert "`0600T` is a code of irreversible_electroporation, not of cryoablation." in rules.faults()[0]


def test_a_service_in_two_files_is_refused(rules: RulesFolder) -> None:
    rules.write("codes/ire_again.yaml", (rules.root / CODES).read_text(encoding="utf-8"))
    assert (
        "rules/codes/ire_again.yaml: service: `irreversible_electroporation` is already defined in codes/ire.yaml. "
        "Merge the files."
    ) in rules.faults()


def test_a_carc_of_two_scenarios_may_be_used_in_either(rules: RulesFolder) -> None:
    text = (rules.root / CORE).read_text(encoding="utf-8")
    again = text[text.index('  - carc: "181"') :].replace("data_wanted", "documents_wanted").replace("[CO, PI]", "[PR]")
    rules.write(CORE, text + again)
    for allowed in ("CO", "PI", "PR"):
        rules.replace(REASONS, "rarcs: [M20]\n    group_code: CO", f"rarcs: [M20]\n    group_code: {allowed}")
        assert load_catalog(rules.root).reasons.filter(carc="181")["group_code"].to_list() == [allowed]
        rules.replace(REASONS, f"rarcs: [M20]\n    group_code: {allowed}", "rarcs: [M20]\n    group_code: CO")


def test_a_pack_of_before_there_was_a_table_is_read_as_it_was(rules: RulesFolder) -> None:
    (rules.root / CORE).unlink()
    (rules.root / "remittance").rmdir()
    rules.replace(REASONS, 'carc: "55"', 'carc: "45"')
    assert load_catalog(rules.root).pack.remittance == {}


def test_a_broken_table_is_not_checked_against_the_reasons(rules: RulesFolder) -> None:
    faults = rules.replace(CORE, "needs_remark: false", "needs_remark: no").replace(REASONS, '"55"', '"45"').faults()
    assert faults == (f"rules/{CORE}: combinations[0].needs_remark: `no` must be true or false. Correct it.",)


def test_a_name_of_several_payers_is_no_payers(rules: RulesFolder) -> None:
    """Or the claims of every other Blue plan would be decided by its policy."""
    rules.replace(PAYERS, "      - Premera\n", "      - Premera\n      - B.C.B.S.\n")
    (fault,) = rules.faults()
    assert fault.startswith(
        "rules/payers.yaml: payers.premera.names[1]: `B.C.B.S.` is a name of several payers (ambiguous"
    )


def test_of_two_files_the_one_that_is_not_shipped_is_to_blame(rules: RulesFolder) -> None:
    text = (rules.root / PREMERA).read_text(encoding="utf-8")
    rules.write("policies/a_copy.yaml", text.replace("id: premera-ire", "id: copied", 1).replace("documents:", "x:", 0))
    faults = rules.faults()
    assert faults
    assert all(fault.startswith("rules/policies/a_copy.yaml: ") for fault in faults), faults


def test_a_missing_file_is_one_fault_for_each_document_that_it_had(rules: RulesFolder) -> None:
    (rules.root / PREMERA).unlink()
    faults = rules.faults()
    assert len([fault for fault in faults if "`premera_ire` is not defined in " in fault]) == 1
    assert len(faults) <= 3, faults
