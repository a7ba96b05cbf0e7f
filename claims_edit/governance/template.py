"""A new policy file to fill in: what each key means, where to find it in a policy document, and common mistakes."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from claims_edit.errors import UsageError
from claims_edit.governance.schema import schema_line
from claims_edit.policy.check_policies import MEDICARE_ADVANTAGE
from claims_edit.policy.pack import CodesFile, ProgramsFile
from claims_edit.policy.parse import PLACEHOLDER, Parsed, enforceable, parse
from claims_edit.policy.payers import payer_entries
from claims_edit.policy.source import read_pack, write_rules_file

if TYPE_CHECKING:
    from pathlib import Path

_KEY = re.compile(r"[a-z][a-z0-9_]*")
_PLAIN = re.compile(r"[A-Za-z0-9](?:[\w .'-]*[\w.])?")
_ENTRY = f"""payer_entry:                # how claims name the payer
  label: $label
  blue_plan: {PLACEHOLDER}           # true for a Blue plan: its member ids can show the program (FEP)
  names:                    # case, spaces and punctuation do not matter
    - $label
  # identifiers: ["12345"]  # payer ids that claims have instead of a name"""
_ENTRY_ELSEWHERE = "# The payer's names are in $home."


def new_policy(rules: Path, payer: str, service: str | None = None, label: str | None = None) -> Path:
    """Write the template of a payer's policy to the rules folder; returns its path.

    The file is `policies/<payer>.yaml`; if the payer has that one, and another service is named,
    `policies/<payer>_<service>.yaml`.

    Raises:
        UsageError: the payer key is not valid, the service is not defined, or the file exists.
        RulesError: `rules` is not a rule pack.
    """
    if not _KEY.fullmatch(payer):
        raise UsageError(
            f"{payer}: is not a valid payer key. Use lowercase letters, digits and _, such as acme_health."
        )
    parsed = parse(enforceable(read_pack(rules)))
    chosen = _service(parsed, service)
    path = rules / "policies" / f"{payer}.yaml"
    if path.exists() and service is not None:
        path = rules / "policies" / f"{payer}_{service}.yaml"
    if path.exists():
        raise UsageError(f"{path}: already exists. Edit it, or name another payer or --service.")
    text = _filled(parsed, path.relative_to(rules).as_posix(), payer, chosen, label)
    write_rules_file(path, text)
    return path


def _service(parsed: Parsed, service: str | None) -> str:
    """The service requested, or the only one."""
    known = [file.service for file in parsed.of(CodesFile).values()]
    if service is None and len(known) == 1:
        return known[0]
    if service is None:
        raise UsageError(
            f"--service: is required, because the rules have {len(known)}. Name one of {', '.join(known)}."
        )
    if service not in known:
        raise UsageError(
            f"{service}: no file in codes/ defines this service. Use one of {', '.join(known)}, or add its codes first."
        )
    return service


def _filled(parsed: Parsed, path: str, payer: str, service: str, label: str | None) -> str:
    entry = next((entry for entry in payer_entries(parsed) if entry.key == payer), None)
    words = {
        "schema_line": schema_line(path),
        "label": _scalar(label or (entry.payer.label if entry else payer.replace("_", " ").title())),
        "payer": payer,
        "service": service,
        "policy_id": f"{payer}-{service}".replace("_", "-"),
        "document": f"{payer}_{service}",
        "codes": ", ".join(_codes(parsed, service)),
        "programs": ", ".join(sorted(_programs(parsed))),
        "home": entry.place.partition(":")[0] if entry else "",
    }
    template = (files("claims_edit.governance") / "new_policy.yaml").read_text(encoding="utf-8")
    words["payer_entry"] = Template(_ENTRY_ELSEWHERE if entry else _ENTRY).substitute(words)
    return Template(template).substitute(words)


def _scalar(text: str) -> str:
    """A text as YAML reads it: in quotes unless it is plain words."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _codes(parsed: Parsed, service: str) -> list[str]:
    return [code.code for file in parsed.of(CodesFile).values() if file.service == service for code in file.codes]


def _programs(parsed: Parsed) -> list[str]:
    programs = [program for file in parsed.of(ProgramsFile).values() for program in file.programs]
    return [program for program in programs if program != MEDICARE_ADVANTAGE]
