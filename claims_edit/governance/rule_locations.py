"""Where a rule is in the files of a pack, so that a fault of a cell names the line to fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claims_edit.governance.decision_axes import SHAPE_ID, shape_ids
from claims_edit.names import name_keys
from claims_edit.policy.editions import file_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.policy.catalog import Catalog
    from claims_edit.policy.pack import Policy, RulePack, Version

Row = dict[str, Any]


def versions(pack: RulePack, written: RulePack) -> Iterator[tuple[str, Policy, Version]]:
    """Each version of a view of a pack with its policy and its location in the files, in order of the files.

    The rest of a version after a proposed one begins on a day that no file has: its location is the policy.
    """
    for key, policy in sorted(pack.policies.items()):
        path = file_of(key)
        ids = [version.id for version in written.policies[path].versions]
        for version in policy.versions:
            place = f"[{ids.index(version.id)}]" if version.id in ids else ""
            yield f"rules/{path}: versions{place}", policy, version


def version_location(catalog: Catalog, row: Row) -> str:
    """The version that decided a cell; the payer's entry where there was none."""
    wanted = (row["payer"], row["service"], row["policy_id"], row["policy_version"])
    for location, policy, version in versions(catalog.pack, catalog.written):
        if (policy.payer, policy.service, policy.id, version.id) == wanted:
            return location
    return payer_location(catalog.pack, row["payer"]) if row["payer"] else "rules/payers.yaml: payers"


def payer_location(pack: RulePack, payer: str) -> str:
    """The payer's entry: in one of its own policies, or in payers.yaml."""
    own = (path for path, policy in pack.policies.items() if policy.payer == payer and policy.payer_entry)
    path = next(own, None)
    return f"rules/payers.yaml: payers.{payer}" if path is None else f"rules/{path}: payer_entry"


def name_location(pack: RulePack, payer: str, key: str) -> str:
    """Where a payer's entry has the name; the entry itself, if its key is that name."""
    entry = pack.payers.payers[payer]
    for field, names in (("names", entry.names), ("identifiers", entry.identifiers)):
        if key in (keys := name_keys(names)):
            return f"{payer_location(pack, payer)}.{field}[{keys.index(key)}]"
    return payer_location(pack, payer)


def reason_location(pack: RulePack, edit: str | None) -> str:
    """The edit's entry in reasons.yaml."""
    given = [reason.edit for reason in pack.reasons.reasons]
    return f"rules/reasons.yaml: reasons[{given.index(edit)}]" if edit in given else "rules/reasons.yaml: reasons"


def signal_location(catalog: Catalog, column: str, signal: str) -> str | None:
    """Where programs.yaml has a spelling (by its key), a claim filing indicator or a shape (by its sample id)."""
    shapes = {sample_id: pattern for pattern, sample_id in shape_ids((catalog,)).items()}
    wanted = shapes.get(signal, signal) if signal.startswith(SHAPE_ID) else signal
    for program, signals in catalog.pack.programs.programs.items():
        listed = {
            "line_of_business": name_keys(signals.spellings),
            "claim_filing_indicator_code": signals.filing_indicators,
            "member_id": signals.member_id_shapes,
            "plan": name_keys(signals.spellings),
        }[column]
        if wanted in listed:
            where = {"claim_filing_indicator_code": "filing_indicators", "member_id": "member_id_shapes"}.get(
                column, "spellings"
            )
            return f"rules/programs.yaml: programs.{program}.{where}[{list(listed).index(wanted)}]"
    return None


def cell_text(row: Row) -> str:
    """The coordinates of a cell, for people."""
    start, end = row["service_start_date"], row["service_end_date"]
    days = f"{start}" if start == end else f"{start} to {end}"
    coordinates = [
        f"payer {row['at_payer']}",
        row["at_program"],
        f"code {row['hcpcs_code']}",
        days,
        f"site {row['at_site']}",
    ]
    return ", ".join(
        [*coordinates, *(f"{axis} {row[f'at_{axis}']}" for axis in ("trial", "hold", "contract", "claim"))]
    )
