"""Procedure codes that are on no line of a claim: of items that the payer added, lines below lines, procedures.

None of them is read as a line. Each is set aside by name, so that no code is missed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw

from claims_edit.intake.fhir.concepts import Concepts, located, procedure
from claims_edit.intake.fhir.elements import ABSENT, Service
from claims_edit.intake.fhir.resources import Detail, Procedure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from claims_edit.intake.fhir.resources import Item, Resource

ADDED_LINES = "item-added-by-payer"
DETAILS = "item-details"
NOT_ON_A_LINE = "procedure-not-on-a-line"

_added = msgspec.json.Decoder(list[Raw] | None).decode
_detail = msgspec.json.Decoder(Detail).decode
_details = msgspec.json.Decoder(list[Detail] | None).decode


class Unbilled:
    """The codes of claims that are on no line, one claim after another."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._codes = Concepts(Service, procedure, "$.item[...].detail[...].productOrService")
        self._procedures = Concepts(list[Procedure], self._procedure_codes, "$.procedure")

    def added(self, claim: Resource) -> Iterator[tuple[str, str]]:
        """Check and JSON of each item with a code that the payer added.

        Raises:
            msgspec.ValidationError: `addItem` is malformed.
        """
        try:
            for one in _added(claim.add_item) or ():
                if self._has_code([_detail(one)]):
                    yield ADDED_LINES, _shown(one)
        except msgspec.ValidationError as error:
            raise located(error, "$.addItem") from None

    def below(self, item: Item) -> Iterator[tuple[str, str]]:
        """Check and JSON of the lines below an item, if they have their own codes."""
        if self.has_details(bytes(item.detail)):
            yield DETAILS, _shown(item.detail)

    def has_details(self, detail: bytes) -> bool:
        """Whether the lines below a line have their own procedure codes.

        Raises:
            msgspec.ValidationError: they are malformed.
        """
        try:
            return self._has_code(_details(detail) or [])
        except msgspec.ValidationError as error:
            raise located(error, "$.item[...].detail") from None

    def procedures(self, claim: Resource, billed: Iterable[str | None]) -> Iterator[tuple[str, str]]:
        """Check and JSON of the claim's procedures, where one has a HCPCS or CPT code that none of its lines has."""
        codes = self._procedures[bytes(claim.procedure)]
        if codes and not codes <= {code.strip().upper() for code in billed if code}:
            yield NOT_ON_A_LINE, _shown(claim.procedure)

    def _procedure_codes(self, procedures: list[Procedure] | None) -> frozenset[str]:
        found = (self._codes[bytes(one.procedure_codeable_concept)].code for one in procedures or ())
        return frozenset(code.strip().upper() for code in found if code is not None)

    def _has_code(self, details: list[Detail]) -> bool:
        below = list(details)
        while below:
            one = below.pop()
            service = one.product_or_service if one.product_or_service is not ABSENT else one.service
            if self._codes[bytes(service)].code is not None:
                return True
            below += (*(one.detail or ()), *(one.sub_detail or ()))
        return False


def _shown(raw: Raw) -> str:
    return bytes(raw).decode("utf-8", errors="replace").strip()
