"""`rules new`: a template that decides nothing until it is filled in, and a payer's entry in its own policy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from claims_edit.errors import UsageError
from claims_edit.governance.schema import schema_line
from claims_edit.governance.template import new_policy
from claims_edit.policy import load_catalog
from claims_edit.policy.yaml_text import read_yaml
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from pathlib import Path

FILE = "policies/acme_health.yaml"
SERVICE = "irreversible_electroporation"
FILLED = {
    "blue_plan: TODO": "blue_plan: false", "kind: TODO": "kind: funding", "date: TODO ": "date: 2026-01-01 ",
    "position: TODO": "position: investigational", "was: TODO": "was: none_existed",
    "scope: TODO": "scope: all_indications", "listed: [TODO]": "listed: [0600T]",
    "programs: [TODO]": "programs: [commercial]", "TODO": "Something",
}  # fmt: skip


@pytest.fixture
def rules(tmp_path: Path) -> RulesFolder:
    return RulesFolder(tmp_path)


def filled(text: str) -> str:
    for todo, value in FILLED.items():
        head, _, body = text.partition("\nid:")
        text = f"{head}\nid:{body.replace(todo, value)}"
    return text


def test_the_template_names_each_placeholder_and_decides_nothing(rules: RulesFolder) -> None:
    path = new_policy(rules.root, "acme_health")
    text = path.read_text(encoding="utf-8")
    assert path == rules.root / FILE
    assert text.startswith(schema_line(FILE) + "\n")
    assert read_yaml(text.encode())[1] == []
    faults = rules.faults()
    todos = re.sub(r"#.*", "", text).count("TODO")
    assert len(faults) == todos > 20
    assert all(re.fullmatch(rf"rules/{FILE}: \S+: is still a placeholder\. Fill it in\.", fault) for fault in faults)


def test_a_template_that_is_half_filled_in_is_refused_still(rules: RulesFolder) -> None:
    path = new_policy(rules.root, "acme_health")
    text = filled(path.read_text(encoding="utf-8"))
    (fault,) = rules.write(FILE, text.replace("title: Something", "title: TODO ask Ann", 1)).faults()
    assert fault == f"rules/{FILE}: title: is still a placeholder. Fill it in."
    assert all("is still a placeholder" not in line for line in rules.write(FILE, text + "TODO: x\n").faults())


@pytest.mark.parametrize("label", [None, "Acme's No. 1", 'Acme: "first" # of all', "TODAY\nHealth", "&c"])
def test_filled_in_it_is_a_payer_in_one_file(rules: RulesFolder, label: str | None) -> None:
    before = {path: path.read_bytes() for path in rules.root.rglob("*.yaml")}
    path = new_policy(rules.root, "acme_health", label=label)
    catalog = load_catalog(rules.write(FILE, filled(path.read_text(encoding="utf-8"))).root)
    assert catalog.pack.payers.payers["acme_health"].label == (label or "Acme Health")
    assert "acme_health" in catalog.payer_names["payer"].to_list()
    assert catalog.listed_codes.filter(payer="acme_health").select("service", "hcpcs_code").rows() == [
        (SERVICE, "0600T")
    ]
    assert {path: path.read_bytes() for path in before} == before


def test_every_commented_example_is_valid(rules: RulesFolder) -> None:
    text = filled(new_policy(rules.root, "acme_health").read_text(encoding="utf-8"))
    head, _, body = text.partition("versions:")
    opened = re.sub(r"^( *)# (?=[a-z_]+:|  |- )", r"\1", body, flags=re.MULTILINE)
    opened = opened.replace("position: investigational ", "position: covered_with_criteria ", 1)
    catalog = load_catalog(rules.write(FILE, f"{head}versions:{opened}").root)
    assert catalog.criteria["checked_by"].to_list() == ["sites", None]
    (version,) = catalog.versions.filter(payer="acme_health").to_dicts()
    assert version["liability_group_code"] == "PR"
    assert version["in_force_until"] is not None
    assert catalog.program_rules.filter(payer="acme_health")["rule"].sort().to_list() == ["applies", "refer"]


def test_a_payer_that_has_its_entry_is_not_given_another(rules: RulesFolder) -> None:
    rules.write("codes/sonic.yaml", (rules.root / "codes/ire.yaml").read_text(encoding="utf-8").replace(
        f"service: {SERVICE}", "service: sonic"))  # fmt: skip
    path = new_policy(rules.root, "premera", "sonic")
    text = path.read_text(encoding="utf-8")
    assert path.name == "premera_sonic.yaml"
    assert "payer_entry" not in text
    assert "payers.yaml" in text
    with pytest.raises(UsageError, match="already exists"):
        new_policy(rules.root, "premera", "sonic")
    with pytest.raises(UsageError, match=f"--service: is required, because the rules have 2. Name one of {SERVICE}"):
        new_policy(rules.root, "acme_health")


@pytest.mark.parametrize("payer", ["Acme", "1acme", "acme-health", "../acme", "", "acme\n"])
def test_a_payer_is_a_key(rules: RulesFolder, payer: str) -> None:
    with pytest.raises(UsageError, match="is not a valid payer key"):
        new_policy(rules.root, payer)


def test_nothing_is_overwritten_and_an_unknown_service_is_refused(rules: RulesFolder) -> None:
    before = (rules.root / "policies/premera.yaml").read_bytes()
    with pytest.raises(UsageError, match="already exists"):
        new_policy(rules.root, "premera")
    with pytest.raises(UsageError, match=f"sonic: no file in codes/ defines this service. Use one of {SERVICE}"):
        new_policy(rules.root, "acme_health", "sonic")
    assert (rules.root / "policies/premera.yaml").read_bytes() == before


ENTRY = "payer: premera\npayer_entry: {label: Premera, blue_plan: true, names: [NAME]}\n"


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("Premera", "payer_entry: `premera` already has an entry in payers.yaml. Keep one."),
        ("Florida-Blue", "payer_entry.names[0]: `floridablue` is already assigned to florida_blue."),
        ("'--'", "payer_entry.names[0]: `--` has no letter or digit."),
    ],
)
def test_an_entry_is_checked_against_all_others(rules: RulesFolder, name: str, fault: str) -> None:
    faults = rules.replace("policies/premera.yaml", "payer: premera\n", ENTRY.replace("NAME", name)).faults()
    assert [line for line in faults if line.startswith(f"rules/policies/premera.yaml: {fault}")], faults


def test_an_entry_may_move_from_payers_to_the_policy(rules: RulesFolder) -> None:
    payers = (rules.root / "payers.yaml").read_text(encoding="utf-8")
    start, end = payers.index("  premera:\n"), payers.index("  regence:\n")
    entry = payers[start:end].replace("  premera:\n", "payer_entry:\n")
    rules.write("payers.yaml", payers[:start] + payers[end:])
    rules.replace("policies/premera.yaml", "payer: premera\n", f"payer: premera\n{entry}")
    assert load_catalog(rules.root).payer_names.equals(load_catalog().payer_names)
