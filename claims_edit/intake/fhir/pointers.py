"""What a line points to in its claim: diagnoses and members of the care team, by their sequence numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.intake.fhir.concepts import ICD_9, ICD_10, Concepts, diagnosis, rendering_rank
from claims_edit.intake.fhir.references import referred
from claims_edit.intake.fhir.resources import ABSENT, Concept, Reference
from claims_edit.model import DIAGNOSIS_COLUMNS

if TYPE_CHECKING:
    from claims_edit.intake.fhir.references import Surroundings
    from claims_edit.intake.fhir.resources import Item, Resource

DANGLING = "diagnosis_pointer-dangling"
NOT_EVALUABLE = "diagnosis_code-not-evaluable"
TWO_TYPES = "diagnosis_code_type-conflict"
TOO_MANY = "diagnosis_code-too-many"
TYPES = {ICD_10: "icd-10-cm", ICD_9: "icd-9-cm", ICD_10 | ICD_9: "icd-10-cm"}
LAST = 2**63  # where a diagnosis stands that has no sequence number; no pointer says it

Diagnosed = tuple[int, int, str | None, str | None, bool]


def _pointers(name: str) -> Concepts[tuple[int, ...]]:
    """The sequence numbers that lines point to; none where they point to nothing in particular."""
    return Concepts(list[int], lambda numbers: tuple(numbers or ()), f"$.item[...].{name}")


class Diagnoses:
    """The diagnoses of one claim after another, as its lines have them.

    Attributes:
        of_lines: what lines of the claim that point to these (as JSON) have: `judge` adds to it. Where their first
            code stands among all codes, how many there are, their type, the check that they fail, and whether a
            pointer dangles.
    """

    def __init__(self, codes: list[str], findings: list[str]) -> None:
        """The codes that lines have are appended to `codes`, and what is noticed to `findings`."""
        self.of_lines: dict[bytes, Diagnosed] = {}
        self._codes = codes
        self._findings = findings
        path = "$.diagnosis[...].diagnosisCodeableConcept"
        self._concepts: Concepts[tuple[tuple[str, ...], int]] = Concepts(Concept, diagnosis, path)
        self._sequences = _pointers("diagnosisSequence")
        self._links = _pointers("diagnosisLinkId")
        self._by_sequence: dict[int, tuple[tuple[str, ...], int]] = {}

    def turn_to(self, claim: Resource, around: Surroundings) -> None:
        """Begin with a claim."""
        self.of_lines = {}
        by_sequence: dict[int, tuple[tuple[str, ...], int]] = {}
        self._by_sequence = by_sequence
        for one in claim.diagnosis or ():
            raw = bytes(one.diagnosis_codeable_concept)
            if not raw and one.diagnosis_reference is not None:
                raw = around.condition(one.diagnosis_reference.reference, claim)
            found = self._concepts[raw]
            sequence = LAST if one.sequence is None else one.sequence
            if not found[0]:
                self._findings.append(NOT_EVALUABLE)
            if sequence in by_sequence:
                before = by_sequence[sequence]
                found = before[0] + found[0], before[1] | found[1]
            by_sequence[sequence] = found

    def judge(self, raw: bytes, item: Item) -> Diagnosed:
        """What lines that point to the same as this one have; its pointers are `raw`."""
        pointers = (self._links if item.diagnosis_sequence is ABSENT else self._sequences)[raw]
        by_sequence = self._by_sequence
        codes: tuple[str, ...] = ()
        types = 0
        dangling = False
        for pointer in pointers or sorted(by_sequence):
            if pointer in by_sequence:
                own, told = by_sequence[pointer]
                codes += own
                types |= told
            else:
                dangling = True
        if len(codes) > 1:
            codes = tuple(dict.fromkeys(codes))
        fault = TWO_TYPES if types == ICD_10 | ICD_9 else TOO_MANY if len(codes) > len(DIAGNOSIS_COLUMNS) else None
        found = self.of_lines[raw] = len(self._codes), len(codes), TYPES.get(types), fault, dangling
        self._codes += codes
        return found


class CareTeam:
    """The care team of one claim after another, and who of it rendered a line.

    Attributes:
        of_lines: the NPI of who rendered lines of the claim that point to these (as JSON): `judge` adds to it.
    """

    def __init__(self) -> None:
        """No claim yet."""
        self.of_lines: dict[bytes, str | None] = {}
        self._roles: Concepts[int | None] = Concepts(Concept, rendering_rank, "$.careTeam[...].role")
        self._providers = Concepts(Reference, referred, "$.careTeam[...].provider")
        self._sequences = _pointers("careTeamSequence")
        self._links = _pointers("careTeamLinkId")
        self._rendering: list[tuple[int, int | None, str]] = []
        self._only: str | None = None

    def turn_to(self, claim: Resource, around: Surroundings) -> None:
        """Begin with a claim."""
        self.of_lines = {}
        self._only = None
        self._rendering = rendering = []
        for member in claim.care_team or ():
            rank = self._roles[bytes(member.role)]
            if rank is None:
                continue
            provider = self._providers[bytes(member.provider)]
            npi = provider.npi or around.npi(provider.literal, claim)
            if npi is not None:
                rendering.append((rank, member.sequence, npi))
        if rendering:
            self._only = rendering[0][2] if len(rendering) == 1 else _only(rendering)

    def judge(self, raw: bytes, item: Item) -> str | None:
        """Who rendered lines that point to the same as this one (`raw`), else the only one whom the claim has."""
        pointers = (self._links if item.care_team_sequence is ABSENT else self._sequences)[raw]
        found, surest = self._only, LAST
        for rank, sequence, npi in self._rendering:
            if sequence in pointers and rank < surest:
                found, surest = npi, rank
        self.of_lines[raw] = found
        return found


def _only(rendering: list[tuple[int, int | None, str]]) -> str | None:
    """The only one among those who most surely rendered the services."""
    surest = min(rank for rank, _, _ in rendering)
    found = {npi for rank, _, npi in rendering if rank == surest}
    return found.pop() if len(found) == 1 else None
