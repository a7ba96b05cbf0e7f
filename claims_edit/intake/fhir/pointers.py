"""The pointers of a line in its claim, by sequence number: diagnoses, care team, supporting information, procedures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.doubts import SEPARATOR, doubt_token
from claims_edit.intake.fhir.concepts import (
    ICD_9,
    ICD_10,
    Concepts,
    Diagnosis,
    diagnosis,
    rendering_rank,
    supports_denial,
)
from claims_edit.intake.fhir.elements import ABSENT, Concept, Reference
from claims_edit.intake.fhir.references import referred
from claims_edit.intake.fhir.resources import Procedure
from claims_edit.model import DIAGNOSIS_COLUMNS

if TYPE_CHECKING:
    from claims_edit.intake.fhir import resources
    from claims_edit.intake.fhir.resources import Item, Resource
    from claims_edit.intake.fhir.surroundings import Surroundings

DANGLING = "diagnosis_pointer-dangling"
NOT_EVALUABLE = "diagnosis_code-not-evaluable"
TWO_TYPES = "diagnosis_code_type-conflict"
TOO_MANY = "diagnosis_code-too-many"
SEQUENCE_REPEATED = "diagnosis_sequence-repeated"
SEQUENCE_MISSING = "diagnosis_sequence-missing"
SEQUENCE_GAP = "diagnosis_sequence-gap"
TYPE_UNKNOWN = "diagnosis-type-unknown"
TRIAL_NOT_POINTED = "trial-diagnosis-not-pointed"
INFORMATION_DANGLING = "information_pointer-dangling"
PROCEDURE_DANGLING = "procedure_pointer-dangling"
TYPES = {ICD_10: "icd-10-cm", ICD_9: "icd-9-cm", ICD_10 | ICD_9: "icd-10-cm"}
LAST = 2**63  # where a diagnosis is that has no sequence number; no pointer names it
NO_DIAGNOSIS = Diagnosis()


# Where the codes of a line begin among all codes, how many there are, their type, the check that they fail, whether a
# pointer points to none, and what is not certain of them.
Diagnosed = tuple[int, int, str | None, str | None, bool, str | None]


def pointers(name: str) -> Concepts[tuple[int, ...]]:
    """The sequence numbers that lines point to; none where they point to nothing in particular."""
    return Concepts(list[int], lambda numbers: tuple(numbers or ()), f"$.item[...].{name}")


class Diagnoses:
    """The diagnoses of one claim after another, as its lines have them.

    Attributes:
        of_lines: the facts of lines with these pointers (as JSON): `resolve` adds to it.
        doubts: about the claim's diagnoses, whichever a line points to.
    """

    def __init__(self, codes: list[str], findings: list[str]) -> None:
        """The codes of lines are appended to `codes`, and findings to `findings`."""
        self.of_lines: dict[bytes, Diagnosed] = {}
        self.doubts: list[str] = []
        self._codes = codes
        self._findings = findings
        path = "$.diagnosis[...].diagnosisCodeableConcept"
        self._concepts: Concepts[Diagnosis] = Concepts(Concept, diagnosis, path)
        self._types = Concepts(list[Concept | None] | Concept, supports_denial, "$.diagnosis[...].type")
        self._sequences = pointers("diagnosisSequence")
        self._links = pointers("diagnosisLinkId")
        self._by_sequence: dict[int, Diagnosis] = {}
        self._trial: str | None = None

    def turn_to(self, claim: Resource, around: Surroundings) -> None:
        """Begin with a claim."""
        self.of_lines = {}
        self.doubts = []
        self._trial = None
        by_sequence: dict[int, Diagnosis] = {}
        self._by_sequence = by_sequence
        is_plain = True
        for place, one in enumerate(claim.diagnosis or (), 1):
            raw = bytes(one.diagnosis_codeable_concept)
            found = self._concepts[raw] if raw else self._referred(one, place - 1, claim, around)
            if found.is_odd:
                self._look_at(found, place - 1)
            if one.type is not ABSENT:
                supports, is_unknown = self._types[bytes(one.type)]
                if is_unknown or not supports:
                    found = self._of_type(found, place - 1, supports=supports, is_unknown=is_unknown)
            sequence = one.sequence
            if sequence != place:
                is_plain = False
                if sequence is None:
                    sequence = LAST
                if sequence in by_sequence:
                    found = self._both(by_sequence[sequence], found, f"diagnosis[{place - 1}].sequence", sequence)
            by_sequence[sequence] = found
        if not is_plain:
            self._find_gaps()

    def _find_gaps(self) -> None:
        numbers = [number for number in self._by_sequence if number != LAST]
        if numbers and max(numbers) - min(numbers) >= len(numbers):
            self.doubts.append(doubt_token(SEQUENCE_GAP, "diagnosis"))

    def _referred(self, one: resources.Diagnosis, place: int, claim: Resource, around: Surroundings) -> Diagnosis:
        """A diagnosis from a Condition, if one is available."""
        if one.diagnosis_reference is None:
            return self._concepts[b""]
        raw, problem = around.condition(one.diagnosis_reference.reference, claim)
        if problem is None:
            return self._concepts[raw]
        self.doubts.append(doubt_token(problem, f"diagnosis[{place}].diagnosisReference"))
        found = self._concepts[raw] if raw else NO_DIAGNOSIS
        if not found.codes:
            self._findings.append(NOT_EVALUABLE)
        return found._replace(problem=None, is_odd=found.is_trial)

    def _look_at(self, found: Diagnosis, place: int) -> None:
        """Keep what few diagnoses have: a problem, or the sign of a trial."""
        if found.problem is not None:
            self._findings.append(NOT_EVALUABLE)
            self.doubts.append(doubt_token(found.problem, f"diagnosis[{place}].diagnosisCodeableConcept"))
        if found.is_trial:
            self._trial = f"diagnosis[{place}]"

    def _of_type(self, found: Diagnosis, place: int, *, supports: bool, is_unknown: bool) -> Diagnosis:
        """A diagnosis of a type: of one that supports no denial only the sign of a trial stays."""
        if is_unknown:
            self.doubts.append(doubt_token(TYPE_UNKNOWN, f"diagnosis[{place}].type"))
        return found if supports or found.is_trial else NO_DIAGNOSIS

    def _both(self, before: Diagnosis, found: Diagnosis, path: str, sequence: int) -> Diagnosis:
        """Two diagnoses of one sequence number: a line that points to it may mean either."""
        if sequence != LAST and before.codes != found.codes and before.codes and found.codes:
            self.doubts.append(doubt_token(SEQUENCE_REPEATED, path))
        is_trial = before.is_trial or found.is_trial
        return Diagnosis(before.codes + found.codes, before.types | found.types, None, is_trial, is_trial)

    def resolve(self, raw: bytes, item: Item) -> Diagnosed:
        """What lines that point to the same as this one have; its pointers are `raw`."""
        pointers = (self._links if item.diagnosis_sequence is ABSENT else self._sequences)[raw]
        by_sequence = self._by_sequence
        codes: tuple[str, ...] = ()
        types = 0
        dangling = is_trial = False
        for pointer in pointers or sorted(by_sequence):
            if pointer in by_sequence:
                own, own_types, _, of_trial, _ = by_sequence[pointer]
                codes += own
                types |= own_types
                is_trial = is_trial or of_trial
            else:
                dangling = True
        if len(codes) > 1:
            codes = tuple(dict.fromkeys(codes))
        fault = TWO_TYPES if types == ICD_10 | ICD_9 else TOO_MANY if len(codes) > len(DIAGNOSIS_COLUMNS) else None
        doubts = None
        if self._trial is not None and not is_trial:
            doubts = doubt_token(TRIAL_NOT_POINTED, self._trial)
        if pointers and LAST in by_sequence:
            doubts = SEPARATOR.join(filter(None, (doubts, doubt_token(SEQUENCE_MISSING, "diagnosis"))))
        found = self.of_lines[raw] = len(self._codes), len(codes), TYPES.get(types), fault, dangling, doubts
        self._codes += codes
        return found


class Others:
    """What lines point to besides diagnoses and the care team: further information and procedures."""

    def __init__(self) -> None:
        """No claim yet."""
        self._claim: Resource | None = None
        self._informed: set[int | None] = set()
        self._done: set[int | None] = set()
        self._pointers = pointers("informationSequence")
        self._procedures = Concepts(list[Procedure], _sequences, "$.procedure")

    def doubts(self, claim: Resource, item: Item, path: str) -> list[str]:
        """The doubts about what an item (at `path`) of a claim points to and is not there."""
        if claim is not self._claim:
            self._claim = claim
            self._informed = {one.sequence for one in claim.supporting_info or claim.information or ()}
            self._done = self._procedures[bytes(claim.procedure)]
        found = []
        informed = item.information_sequence if item.information_sequence is not ABSENT else item.information_link_id
        if informed is not ABSENT and not self._informed.issuperset(self._pointers[bytes(informed)]):
            found.append(doubt_token(INFORMATION_DANGLING, f"{path}.informationSequence"))
        done = item.procedure_sequence if item.procedure_sequence is not ABSENT else item.procedure_link_id
        if done is not ABSENT and not self._done.issuperset(self._pointers[bytes(done)]):
            found.append(doubt_token(PROCEDURE_DANGLING, f"{path}.procedureSequence"))
        return found


def _sequences(procedures: list[Procedure] | None) -> set[int | None]:
    return {one.sequence for one in procedures or ()}


class CareTeam:
    """The care team of one claim after another, and who of it rendered a line.

    Attributes:
        of_lines: the rendering NPI of lines with these pointers (as JSON): `resolve` adds to it.
    """

    def __init__(self) -> None:
        """No claim yet."""
        self.of_lines: dict[bytes, str | None] = {}
        self._roles: Concepts[int | None] = Concepts(Concept, rendering_rank, "$.careTeam[...].role")
        self._providers = Concepts(Reference, referred, "$.careTeam[...].provider")
        self._sequences = pointers("careTeamSequence")
        self._links = pointers("careTeamLinkId")
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

    def resolve(self, raw: bytes, item: Item) -> str | None:
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
