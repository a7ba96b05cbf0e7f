"""Resources, one after another, as claim lines, refused rows and findings."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from claims_edit.intake.extract import FIRST_WARNED
from claims_edit.intake.fhir.claim_facts import ClaimFacts
from claims_edit.intake.fhir.documents import MALFORMED, Text, bundle_of, entries, kind_of, type_of
from claims_edit.intake.fhir.elements import ABSENT
from claims_edit.intake.fhir.failures import BAD_FIELD, failed_check
from claims_edit.intake.fhir.fragments import NOT_A_CLAIM
from claims_edit.intake.fhir.identities import CLAIM, explained
from claims_edit.intake.fhir.items import CODE, LINE_WIDTH, Items
from claims_edit.intake.fhir.misspelt import misspelt_keys
from claims_edit.intake.fhir.pointers import CareTeam, Diagnoses, Others
from claims_edit.intake.fhir.procedures import Procedures, fault_of
from claims_edit.intake.fhir.rare import OWN_DOUBTS, OWN_FAULT, Rare
from claims_edit.intake.fhir.resource_types import RESOURCE_TYPES
from claims_edit.intake.fhir.resources import BUNDLE, CLAIMS, Bundle, Resource
from claims_edit.intake.fhir.second_look import AMOUNT_CURRENCY, Notes, second_look
from claims_edit.intake.fhir.table import Table
from claims_edit.intake.fhir.unbilled import ADDED_LINES, Unbilled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import polars as pl
    from msgspec import Raw

    from claims_edit.intake.fhir.resources import Item
    from claims_edit.intake.fhir.surroundings import Surroundings

LINE_BITS = 12
MOST_LINES = (1 << LINE_BITS) - 1
WITHOUT_LINES = "row-claim-without-lines"
TOO_MANY_LINES = "row-too-many-lines"
NEXT_PAGE = "bundle-has-next-page"
NOTHING_NOTED = Notes()
UNKNOWN_TYPE = f"{BAD_FIELD}:$.resourceType"
ITEMS = b'"item"'
NO_ITEMS = frozenset({b"", b"null", b"[]"})

_resource = msgspec.json.Decoder(Resource).decode


class Reader:
    """The resources of a file, one after another.

    Attributes:
        table: the lines of claims, until they become a frame.
        has_claims: whether a claim was met.
        rejected: row, check and text of what could not be read as lines, rows rising.
        first: of each finding the first places, row and claim id.
    """

    def __init__(self, columns: Sequence[str], decided: frozenset[str] = frozenset()) -> None:
        """`columns` are those of a frame, beside what readers add."""
        self.table = Table(columns)
        self.has_claims = False
        self.rejected: list[tuple[int, str, str]] = []
        self.first: dict[str, list[tuple[int, str | None]]] = {}
        self._decided = decided
        self._findings: list[str] = []
        self._unbilled = Unbilled()
        self._claims = ClaimFacts(self._findings)
        self._diagnoses = Diagnoses(self.table.diagnoses, self._findings)
        self._team = CareTeam()
        self._others = Others()
        self._procedures = Procedures(self._findings)
        table = self.table
        self._lines = Items(
            self._diagnoses, self._team, self._unbilled, table.rare_lines, table.modifiers, self._findings
        )
        self._row, self._lines_of_row = 0, 0

    def frame(self) -> pl.DataFrame:
        """The lines read so far as a frame."""
        self._lines.forget_modifiers()
        return self.table.frame()

    def findings(self) -> Counter[str]:
        """What was noticed since last asked."""
        found = Counter(self._findings)
        self._findings.clear()
        return found

    def read(self, row: int, text: Text, around: Surroundings) -> None:
        """Read one resource (or the entries of a Bundle) at a row of the file."""
        try:
            resource = _resource(text)
            if resource.resource_type in CLAIMS:
                self._read_claim(row, text, resource, around, NOTHING_NOTED)
            else:
                self._read_other(row, text, resource.resource_type, around)
        except MALFORMED as error:
            self._read_again(row, text, around, error)

    def _read_again(self, row: int, text: Text, around: Surroundings, error: Exception) -> None:
        """Read a resource that has not the shape of a claim: it may be none, or hold what few claims hold."""
        try:
            if type_of(text) == BUNDLE:
                self._read_other(row, text, BUNDLE, around)
                return
            plain, notes = second_look(bytes(text))
            if not notes.changed:
                self._refuse(row, text, error)
                return
            resource = _resource(plain)
            if resource.resource_type in CLAIMS:
                self._read_claim(row, plain, resource, around, notes)
            else:
                self._pass_over(row, text, resource.resource_type)
        except MALFORMED as other:
            self._refuse(row, text, other)

    def _read_other(self, row: int, text: Text, resource_type: str, around: Surroundings) -> None:
        """Read the entries of a Bundle, and skip other resources."""
        if resource_type != BUNDLE:
            self._pass_over(row, text, resource_type)
            return
        bundle = bundle_of(text)
        for _ in self.read_together(self.entries(bundle, row), around, is_test=self.is_test(bundle)):
            pass

    def is_test(self, bundle: Bundle) -> bool:
        """Whether a Bundle is labeled test data."""
        return self._claims.is_test(bundle.meta)

    def entries(self, bundle: Bundle, row: int | None = None) -> list[tuple[int, str | None, Raw]]:
        """Row, URL and JSON of a Bundle's entries; each is a separate row if the Bundle has none."""
        if any(link.relation == "next" for link in bundle.link or ()):
            self._notice(row or 1, None, NEXT_PAGE)
        return [(row or place, *entry) for place, entry in enumerate(entries(bundle), 1)]

    def read_together(
        self, resources: Iterable[tuple[int, str | None, Raw]], around: Surroundings, *, is_test: bool = False
    ) -> Iterator[None]:
        """Read the resources of one document, which may refer to one another: row, URL and JSON of each."""
        together = list(resources)
        beside = around.in_document(is_test=is_test)
        malformed: dict[int, Exception] = {}
        for place, (_, url, resource) in enumerate(together):
            try:
                beside.add(url, kind_of(resource), resource)
            except MALFORMED as error:
                malformed[place] = error
        for place, (row, _, resource) in enumerate(together):
            if place in malformed:
                self._refuse(row, resource, malformed[place])
            else:
                self.read(row, resource, beside)
            yield

    def _read_claim(self, row: int, text: Text, claim: Resource, around: Surroundings, notes: Notes) -> None:
        """Append the lines of a claim; none where any of it is malformed."""
        self.has_claims = True
        if row != self._row:
            self._row, self._lines_of_row = row, 0
        items = claim.item
        if not items:
            self.rejected.append((row, WITHOUT_LINES, _shown(text)))
            return
        if self._lines_of_row + len(items) > MOST_LINES:
            self.rejected.append((row, TOO_MANY_LINES, _shown(text)))
            return
        lines, findings = self.table.lines, self._findings
        lines_before, findings_before = len(lines), len(findings)
        try:
            claim_number, aside = self._append(row, text, claim, around, notes)
        except MALFORMED:
            del lines[lines_before:], findings[findings_before:]
            self.table.drop_from((row << LINE_BITS) + self._lines_of_row + 1)
            around.doubts.clear()
            around.faults.clear()
            raise
        self._lines_of_row += len(items)
        self.rejected += [(row, *one) for one in aside]
        if len(findings) > findings_before:
            self._notice_first(row, claim_number, findings[findings_before:])

    def _append(
        self, row: int, text: Text, claim: Resource, around: Surroundings, notes: Notes
    ) -> tuple[str | None, list[tuple[str, str]]]:
        """Append the lines of a claim; its id, and check and text of parts set aside."""
        table = self.table
        values, faults, doubts, holds, exemption = self._claims.read(claim, around)
        self._diagnoses.turn_to(claim, around)
        self._team.turn_to(claim, around)
        lines, read, place = table.lines, self._lines.read, table.next_claim
        begin, ordinal = len(lines), (row << LINE_BITS) + self._lines_of_row + 1
        odd = []
        is_old = claim.information is not None
        for number, item in enumerate(claim.item or ()):
            lines += read(item, number, ordinal + number, place)
            if (
                is_old  # STU3
                or item.detail is not ABSENT
                or item.information_sequence is not ABSENT
                or item.procedure_sequence is not ABSENT
            ):
                odd.append((number, item))
        is_odd = odd or claim.procedure is not ABSENT or claim.add_item is not ABSENT
        aside = self._set_aside(claim, begin, ordinal, odd) if is_odd else []
        if notes.changed:
            _add_notes(table.rare_lines, ordinal, notes)
            self._findings += [AMOUNT_CURRENCY] * notes.dropped
        doubts += self._diagnoses.doubts
        doubts += notes.doubts
        procedures = (table.procedures.get(ordinal + number, ()) for number in range(len(claim.item or ())))
        if not self._decided.isdisjoint(lines[begin + CODE :: LINE_WIDTH]) or (
            table.procedures and not self._decided.isdisjoint(chain.from_iterable(procedures))
        ):
            doubts += misspelt_keys(text)
        if around.doubts:
            doubts += around.doubts
            around.doubts.clear()
        is_claim, explains = claim.resource_type == CLAIM, explained(claim)
        if faults or doubts or holds or is_claim or exemption is not None or explains is not None:
            joined = (" ".join(names) or None for names in (faults, doubts, holds))
            table.rare_claims[place] = [*joined, exemption, explains, int(is_claim)]
        table.claims += values
        return values[0], aside

    def _set_aside(
        self, claim: Resource, begin: int, ordinal: int, odd: list[tuple[int, Item]]
    ) -> list[tuple[str, str]]:
        """Check and text of the codes of a claim that are on none of its lines, the first at `begin`, of `ordinal`.

        The `odd` ones have lines below them, or point to what few lines point to.
        """
        found: list[tuple[str, str]] = []
        if claim.add_item is not ABSENT and bytes(claim.add_item) not in NO_ITEMS:
            self._findings.append(ADDED_LINES)
            found += self._unbilled.added(claim)
        if claim.procedure is not ABSENT:
            found += self._unbilled.procedures(claim, self.table.lines[begin + CODE :: LINE_WIDTH])
            for number, codes in self._procedures.of_lines(claim):
                self.table.procedures[ordinal + number] = codes
                if fault := fault_of(codes):
                    self.table.rare_lines.add(ordinal + number, OWN_FAULT, [fault])
        for number, item in odd:
            if item.detail is not ABSENT:
                found += self._unbilled.below(item)
            doubts = self._others.doubts(claim, item, f"item[{number}]")
            if doubts:
                self.table.rare_lines.add(ordinal + number, OWN_DOUBTS, doubts)
        return found

    def _pass_over(self, row: int, text: Text, resource_type: str) -> None:
        """Count a resource of another kind by its type; one of an unknown type may be a misspelled claim."""
        is_known = resource_type in RESOURCE_TYPES
        if not is_known and ITEMS in bytes(text):
            self.rejected.append((row, UNKNOWN_TYPE, _shown(text)))
        else:
            self._notice(row, None, f"{NOT_A_CLAIM}:{resource_type if is_known else 'unknown'}")

    def _notice(self, row: int, claim: str | None, name: str) -> None:
        self._findings.append(name)
        self._notice_first(row, claim, [name])

    def _notice_first(self, row: int, claim: str | None, names: list[str]) -> None:
        """Keep the first places of each finding."""
        for name in names:
            first = self.first.setdefault(name, [])
            if len(first) < FIRST_WARNED:
                first.append((row, claim))

    def _refuse(self, row: int, text: Text, error: Exception) -> None:
        """Set aside malformed text; empty lines are ignored, and resources of another kind are not read at all."""
        shown = _shown(text)
        if not shown.strip():
            return
        if isinstance(error, msgspec.ValidationError) and self._is_other(text):
            self._pass_over(row, text, type_of(text))
            return
        self.rejected.append((row, failed_check(error), shown))

    def _is_other(self, text: Text) -> bool:
        try:
            return type_of(text) not in {*CLAIMS, BUNDLE}
        except MALFORMED:
            return False


def _add_notes(rare: Rare, ordinal: int, notes: Notes) -> None:
    """Add to the lines of a claim, of which the first is `ordinal`, the findings of a second check."""
    for number, doubts in notes.line_doubts.items():
        rare.add(ordinal + number, OWN_DOUBTS, doubts)
    for number, fault in notes.line_faults.items():
        rare.add(ordinal + number, OWN_FAULT, [fault])


def _shown(text: Text) -> str:
    return bytes(text).decode("utf-8", errors="replace").strip()
