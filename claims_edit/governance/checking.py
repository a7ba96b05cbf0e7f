"""`rules check`: a pack's files, its proof and its documents, with every fault of all three at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from claims_edit.errors import RulesError
from claims_edit.governance.dates import date_faults
from claims_edit.governance.documents import check_documents
from claims_edit.governance.prove import prove
from claims_edit.governance.release import ReleaseState, release_state
from claims_edit.governance.unreachable_rules import version_faults
from claims_edit.model import VersionStatus
from claims_edit.policy import default_rules_dir, enforceable, examined, found_drafts_of, parsed_pack, read_pack
from claims_edit.policy.catalog import compile_catalog
from claims_edit.policy.check_scopes import unordered
from claims_edit.policy.parse import DRAFTS, RELEASES, hash_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from claims_edit.governance.documents import Checked
    from claims_edit.governance.prove import Proof
    from claims_edit.policy import Catalog
    from claims_edit.policy.parse import Parsed

_OF_DRAFT = "(A found draft; no run without --mode shadow uses it.)"


@dataclass(frozen=True)
class Sound:
    """A pack without a fault, and its proof; `shadow` is the proof with proposed versions in force, if it has any.

    `found` are the files of found drafts, whose form and dates are checked; no cell is decided under them.
    """

    catalog: Catalog
    proof: Proof
    documents: Checked | None
    releases: ReleaseState
    drafts: int = 0
    shadow: Proof | None = None
    found: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "sound": True,
            "policies": self.catalog.versions["policy_id"].n_unique(),
            "versions": self.catalog.versions.n_unique(("policy_id", "policy_version")),
            "codes": self.catalog.codes.height,
            "rules_version": self.catalog.rules_version,
            "rules_hash": self.catalog.rules_hash,
            **self.proof.as_dict(),
            "without_order": [f"{one.id}, {other.id}" for one, other in unordered(self.catalog.written.policies)],
            "documents": self.documents.as_dict() if self.documents else None,
            "proposed_versions": self.drafts,
            "with_proposed_versions": self.shadow.as_dict() if self.shadow else None,
            "found_drafts": list(self.found),
            "releases": self.releases.as_dict(),
        }


def check_pack(rules: Path | None, documents: Path | None) -> Sound:
    """Prove a pack (None: the shipped rules), and compare it with the documents' texts where a folder has them.

    A pack whose files contradict each other has no decision space yet; all its other faults are reported together.

    Raises:
        RulesError: with every fault, sorted.
        UsageError: there is no such folder of documents.
    """
    contents = read_pack(rules if rules is not None else default_rules_dir())
    parsed = parsed_pack(contents)
    used = parsed.enforceable()
    pack, contradictions = examined(used)
    checked = check_documents(pack, documents, _as_shipped(contents)) if documents else None
    faults = {*contradictions, *(checked.faults if checked else ()), *version_faults(pack), *date_faults(pack)}
    beside = _faults_beside(parsed, used, set(contradictions))
    faults.update(beside)
    if contradictions or beside:
        raise RulesError(*sorted(faults))
    releases = release_state(contents, rules, parsed)
    faults.update(releases.faults)
    del parsed, used  # the proof needs the memory
    kept = enforceable(contents)
    catalog = compile_catalog(pack, kept, hash_of(kept))
    proof = prove(catalog)
    faults.update(proof.faults)
    drafts = _drafts(catalog)
    shadow = prove(compile_catalog(pack, kept, hash_of(kept), proposed=True)) if drafts else None
    if shadow:
        faults.update(f"{fault} (With the proposed versions.)" for fault in set(shadow.faults) - set(proof.faults))
    if faults:
        raise RulesError(*sorted(faults))
    found = tuple(sorted(path for path in contents if path.startswith(DRAFTS)))
    return Sound(catalog, proof, checked, releases, drafts, shadow, found)


def _faults_beside(parsed: Parsed, used: Parsed, enforced: set[str]) -> list[str]:
    """The faults that the pack has only with its found drafts and its record of releases, which no run reads."""
    if len(parsed.files) == len(used.files) and len(parsed.faults) == len(used.faults):
        return []
    pack, faults = examined(parsed)
    faults += date_faults(found_drafts_of(pack))
    return [
        fault if fault.startswith(f"rules/{RELEASES}: ") else f"{fault} {_OF_DRAFT}" for fault in {*faults} - enforced
    ]


def _as_shipped(contents: Mapping[str, bytes]) -> set[str]:
    """The files that are those of the shipped rules."""
    shipped = read_pack(default_rules_dir())
    if contents == shipped:
        return set()
    return {path for path, raw in contents.items() if shipped.get(path) == raw}


def _drafts(catalog: Catalog) -> int:
    statuses = [version.status for policy in catalog.written.policies.values() for version in policy.versions]
    return statuses.count(VersionStatus.PROPOSED)
