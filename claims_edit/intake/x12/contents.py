"""The kind of a file without claims, in the field's terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.errors import InputError
from claims_edit.intake.x12.segments import word
from claims_edit.intake.x12.vocabulary import SERVICES

if TYPE_CHECKING:
    from pathlib import Path

    from claims_edit.intake.x12.loops import FileRows
    from claims_edit.intake.x12.segments import Segments

_GUIDE_OF_837 = r"^00[0-9]{4}X(09[678]|22[234])"
# By ST01.
_TRANSACTIONS = {
    "269": "a benefit coordination verification (269)",
    "270": "an eligibility inquiry (270)",
    "271": "an eligibility response (271)",
    "275": "an attachment to a claim (275)",
    "276": "a claim status request (276)",
    "277": "a claim status response or claim acknowledgment (277)",
    "278": "a request for or response to prior authorization (278)",
    "820": "a premium payment (820)",
    "824": "an application advice (824)",
    "834": "a benefit enrollment (834)",
    "835": "a remittance advice (835)",
    "997": "a functional acknowledgment (997)",
    "999": "an implementation acknowledgment (999)",
}


class Contents:
    """Counts the contents of a file, as it is read."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._claims = 0  # and lines
        self._transactions = 0
        self._others: set[str | None] = set()
        self._is_acknowledgment = False
        self._garbled: int | None = None

    def note(self, new: FileRows, segments: Segments) -> None:
        """Count rows that were not there before."""
        self._claims += int(new.are("CLM", "LX", *SERVICES).sum())
        self._transactions += int(new.are("ST*837").sum())
        others = new.where(new.are("ST"))
        if others.kind.size and self._garbled is None:
            code, guide = segments.elements(others.segment, 1), segments.elements(others.segment, 3)
            is_sound = code.str.contains(r"^[0-9]{3}$") & ~guide.str.contains(_GUIDE_OF_837).fill_null(value=False)
            self._garbled = next(iter(others.number[~is_sound.fill_null(value=False).to_numpy()].tolist()), None)
        if not self._transactions:
            self._others |= set(segments.elements(new.segment[new.are("ST")], 1))
            self._is_acknowledgment |= bool((segments.words(*segments.names()) == word("TA1")).any())

    def check(self, path: Path) -> None:
        """Check, at the end of the file, that it holds claims.

        Raises:
            InputError: it does not; the message names its kind.
        """
        if not self._transactions:
            raise InputError(
                f"{path}: has no 837 transaction (ST*837): it is {self._kind()}. Use the 837 file of the claims, or"
                " remove this file."
            )
        if self._garbled is not None:
            raise InputError(
                f"{path}: segment {self._garbled}: its ST01 is not a transaction set number, or is not 837 with the"
                " guide of an 837, so claims may be missed. Ask the sender to resend the file."
            )
        if not self._claims:
            raise InputError(
                f"{path}: is an 837 without claims: its transactions ({self._transactions}) have no CLM segment."
                " Ask the sender whether claims are missing, or remove this file."
            )

    def _kind(self) -> str:
        known = sorted(_TRANSACTIONS[code] for code in self._others if code in _TRANSACTIONS)
        if self._others:
            return ", ".join(known) or "X12 of another kind"
        if self._is_acknowledgment:
            return "an interchange acknowledgment (TA1)"
        return "an X12 interchange without transactions, or cut off"
