"""What the guides let be known of a claim line beside its columns: its date, who bills, and what keeps it unposted.

Naive, as the rest of the oracle: one claim, one line at a time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lib.x12_segments import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lib.x12_claims import Above, Claim
    from tests.lib.x12_segments import Segment, Transaction

KIND_OF_GUIDE = {
    "X222": "SV1", "X098": "SV1", "X298": "SV1", "X223": "SV2", "X096": "SV2", "X299": "SV2", "X224": "SV3",
    "X097": "SV3", "X300": "SV3",
}  # fmt: skip
CLAIM_DATE = {"SV2": "434", "SV3": "472"}  # of service in a dental claim, of the statement in an institutional one
LATER_PAYERS = set("STABCDEFGH")
ADJUDICATED = {"SVD", "CAS", "MIA", "MOA"}
EMPTY = {
    "P4": "clinical_trial_number",
    "LX": "investigational_device_exemption_number",
    "G1": "prior_authorization_number",
}
TRIAL = "Z006"
WITH_TEXT = {"NTE", "K3", *SERVICES}
REGISTERED = re.compile("NCT[ #-]?[0-9]{8}")


def those(inside: list[Segment], name: str, qualifier: str) -> list[Segment]:
    """The segments of a name and qualifier."""
    return [part for part in inside if (part.id, part.at(1)) == (name, qualifier)]


@dataclass(frozen=True)
class Around:
    """What the envelopes around a transaction and its beginning say."""

    guides: frozenset[str]
    usage: str = ""
    purpose: str = ""

    @classmethod
    def of(cls, transaction: Transaction) -> Around:
        """What is around a transaction."""
        references = [transaction.gs.at(8) if transaction.gs else "", transaction.st.at(3)]
        numbers = [re.match("00[45]010(X[0-9]{3})", reference) for reference in references]
        kinds = {KIND_OF_GUIDE[found[1]] for found in numbers if found and found[1] in KIND_OF_GUIDE}
        begin = next((part for part in _before_loops(transaction) if part.id == "BHT"), None)
        usage = transaction.isa.at(15) if transaction.isa else ""
        return cls(frozenset(kinds), usage, begin.at(6) if begin else "")


def _before_loops(transaction: Transaction) -> Iterator[Segment]:
    for part in transaction.body:
        if part.id in {"HL", "CLM", "LX", *SERVICES}:
            return
        yield part


def claim_date(service: Segment, claim: Claim, around: Around) -> Segment | None:
    """The DTP of the claim that a line may fall back on."""
    if service.id not in CLAIM_DATE or around.guides - {service.id}:
        return None
    return next(iter(those(claim.head, "DTP", CLAIM_DATE[service.id])), None)


def billing_provider(above: Above) -> str | None:
    """The billing provider's NPI, else tax number, else other identifier, else name."""
    head = above.billing.head if above.billing else []
    place = next((number for number, part in enumerate(head) if (part.id, part.at(1)) == ("NM1", "85")), None)
    if place is None:
        return None
    name, own = head[place], []
    for part in head[place + 1 :]:
        if part.id == "NM1":
            break
        own.append(part)
    found = [name.at(9) if name.at(8) == "XX" else ""]
    for kind in ("EI", "SY"):
        first = those(head, "REF", kind)[:1]
        found += [part.at(2) for part in first if part in own]
    given = next((text for text in (*found, name.at(9), name.at(3)) if text), "")
    return re.sub(r"\s", "", given.upper()) or None


def holds(line: list[Segment], claim: Claim, above: Above, around: Around) -> set[str]:
    """Why what is decided on a line must not be posted as it is."""
    found = set()
    if around.usage == "T":
        found.add("test-data")
    if around.purpose != "CH":
        found.add({"RP": "encounter", "31": "subrogation"}.get(around.purpose, "purpose-unknown"))
    sbr = next((part for part in above.subscriber.head if part.id == "SBR"), None) if above.subscriber else None
    order = sbr.at(1) if sbr else ""
    others = [part.at(1) for part in claim.all if part.id == "SBR"]
    adjudicated = [
        part for part in claim.all if part.id in ADJUDICATED or (part.id, part.at(1)) in {("AMT", "D"), ("DTP", "573")}
    ]
    if order in LATER_PAYERS or "P" in others or adjudicated:
        found.add("other-payer-first")
    if {order, *others} - LATER_PAYERS - {"P"}:
        found.add("payer-order-unknown")
    if len({part.text for part in those(line, "REF", "6R")}) > 1:
        found.add("line-control-number-conflict")
    return found


def doubts(line: list[Segment], claim: Claim, diagnoses: list[str]) -> set[str]:
    """What of the evidence on a line is in doubt, with the segment that holds it."""
    found = {
        f"clinical_trial_number-in-text@segment-{part.number}"
        for part in [*claim.before, *line]
        if part.id in WITH_TEXT and REGISTERED.search(part.text)
    }
    for inside in (claim.head, line):
        for qualifier, name in EMPTY.items():
            every = those(inside, "REF", qualifier)
            found |= {f"{name}-missing@segment-{part.number}" for part in every[:1] if not part.at(2)}
            if qualifier != "G1" and len({part.text for part in every}) > 1:
                found.add(f"{name}-several@segment-{every[0].number}")
    if TRIAL not in {code.replace(".", "").upper() for code in diagnoses}:
        for segment in claim.head:
            codes = [segment.part(place, 2) for place in range(1, len(segment.elements))] if segment.id == "HI" else []
            if any(code.replace(".", "").upper() == TRIAL for code in codes):
                return found | {f"trial-diagnosis-not-pointed@segment-{segment.number}"}
    return found
