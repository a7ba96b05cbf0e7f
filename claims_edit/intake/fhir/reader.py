"""Resources, one after another, as claim lines, refused rows and findings."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from claims_edit.intake.fhir.claims import Claims
from claims_edit.intake.fhir.documents import MALFORMED, Text, kind_of, type_of
from claims_edit.intake.fhir.lines import Lines
from claims_edit.intake.fhir.pointers import CareTeam, Diagnoses
from claims_edit.intake.fhir.references import Surroundings
from claims_edit.intake.fhir.resources import BUNDLE, CLAIMS, Bundle, Entry, Resource
from claims_edit.intake.fhir.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import polars as pl
    from msgspec import Raw

LINE_BITS = 12
MOST_LINES = (1 << LINE_BITS) - 1
BAD_JSON = "row-bad-json"
BAD_FIELD = "row-bad-field"
WITHOUT_LINES = "row-claim-without-lines"
TOO_MANY_LINES = "row-too-many-lines"
NOT_A_CLAIM = "resource-not-a-claim"
ADDED_LINES = "item-added-by-payer"
NEXT_PAGE = "bundle-has-next-page"
PLACE = re.compile(r" - at `(.+)`$")
MISSING = re.compile(r"missing required field `(\w+)`")
NO_ITEMS = frozenset({b"", b"null", b"[]"})
INDEX = re.compile(r"\[\d+\]")

_resource = msgspec.json.Decoder(Resource).decode
_bundle = msgspec.json.Decoder(Bundle).decode
_entry = msgspec.json.Decoder(Entry).decode


def failed_check(error: Exception) -> str:
    """The check that malformed JSON fails: of a field, the path to it and never its value."""
    if not isinstance(error, msgspec.ValidationError):
        return BAD_JSON
    told = str(error)
    place, missing = PLACE.search(told), MISSING.search(told)
    path = place[1] if place is not None else "$"
    if missing is not None:
        path = f"{path}.{missing[1]}"
    return f"{BAD_FIELD}:{INDEX.sub('[...]', path)}"


class Reader:
    """The resources of a file, one after another.

    Attributes:
        table: the lines of claims, until they become a frame.
        claims_read: how many claims were met.
        rejected: row, check and text of what could not be read as lines, rows rising.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        """`columns` are those of a frame, beside ORDINAL and FAULT."""
        self.table = Table(columns)
        self.claims_read = 0
        self.rejected: list[tuple[int, str, str]] = []
        self._findings: list[str] = []
        self._claims = Claims(self._findings)
        self._diagnoses = Diagnoses(self.table.diagnoses, self._findings)
        self._team = CareTeam()
        self._lines = Lines(self._diagnoses, self._team, self.table.modifiers, self._findings)
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
        """Read one resource (of a Bundle, what it holds) that stands at a row of the file."""
        try:
            resource = _resource(text)
            if resource.resource_type in CLAIMS:
                self._read_claim(row, text, resource, around)
            elif resource.resource_type == BUNDLE:
                for _ in self.read_together((row, *entry) for entry in self.entries(text)):
                    pass
            else:
                self._findings.append(NOT_A_CLAIM)
        except MALFORMED as error:
            self._refuse(row, text, error)

    def entries(self, bundle: Text) -> list[tuple[str | None, Raw]]:
        """The resources of a Bundle, and their URLs; an entry that is malformed stands for its resource.

        Raises:
            msgspec.ValidationError: the Bundle is malformed.
        """
        told = _bundle(bundle)
        if any(link.relation == "next" for link in told.link or ()):
            self._findings.append(NEXT_PAGE)
        found: list[tuple[str | None, Raw]] = []
        for raw in told.entry or ():
            try:
                entry = _entry(raw)
            except MALFORMED:
                found.append((None, raw))
            else:
                found.append((entry.full_url, entry.resource))
        return found

    def read_together(self, resources: Iterable[tuple[int, str | None, Raw]]) -> Iterator[None]:
        """Read the resources of one document, which may refer to one another: row, URL and JSON of each."""
        together = list(resources)
        around = Surroundings()
        malformed: dict[int, Exception] = {}
        for place, (_, url, resource) in enumerate(together):
            try:
                around.add(url, kind_of(resource), resource)
            except MALFORMED as error:
                malformed[place] = error
        for place, (row, _, resource) in enumerate(together):
            if place in malformed:
                self._refuse(row, resource, malformed[place])
            else:
                self.read(row, resource, around)
            yield

    def _read_claim(self, row: int, text: Text, claim: Resource, around: Surroundings) -> None:
        """Append the lines of a claim; none where any of it is malformed."""
        self.claims_read += 1
        if row != self._row:
            self._row, self._lines_of_row = row, 0
        items = claim.item
        if not items:
            self.rejected.append((row, WITHOUT_LINES, _shown(text)))
            return
        if self._lines_of_row + len(items) > MOST_LINES:
            self.rejected.append((row, TOO_MANY_LINES, _shown(text)))
            return
        table, findings = self.table, self._findings
        lines_before, findings_before = len(table.lines), len(findings)
        try:
            values, fault = self._claims.read(claim, around)
            self._diagnoses.turn_to(claim, around)
            self._team.turn_to(claim, around)
            lines, read, place = table.lines, self._lines.read, table.next_claim
            ordinal = (row << LINE_BITS) + self._lines_of_row
            for item in items:
                ordinal += 1
                lines += read(item, ordinal, place)
            table.claims += (*values, fault)
        except MALFORMED:
            del table.lines[lines_before:], findings[findings_before:]
            raise
        self._lines_of_row += len(items)
        if bytes(claim.add_item) not in NO_ITEMS:
            findings.append(ADDED_LINES)

    def _refuse(self, row: int, text: Text, error: Exception) -> None:
        """Set aside what is malformed; an empty line is nothing, and a resource of another kind is not read at all."""
        shown = _shown(text)
        if not shown.strip():
            return
        if isinstance(error, msgspec.ValidationError) and self._is_other(text):
            self._findings.append(NOT_A_CLAIM)
            return
        self.rejected.append((row, failed_check(error), shown))

    def _is_other(self, text: Text) -> bool:
        try:
            return type_of(text) not in {*CLAIMS, BUNDLE}
        except MALFORMED:
            return False


def _shown(text: Text) -> str:
    return bytes(text).decode("utf-8", errors="replace").strip()
