"""The models of procedure codes of a claim as a whole: tables of ICD-10-PCS, and combinations of OPCS-4 codes.

They do not show which line of the claim they are for, so no policy lists one, and none has days of validity: a line can
neither be denied nor returned because of one.
"""

from itertools import product
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from claims_edit.rule_files.cited import Seen
from claims_edit.rule_files.values import Citation, OpcsCode, PcsCharacter, Strict, Text

TOGETHER = "+"
"""Between the codes of a combination that is one code: `J128+Y123`."""
Approach = Literal["percutaneous", "open", "any"]


class ApproachCharacter(Strict):
    """The character of an approach."""

    character: PcsCharacter
    label: Text
    approach: Approach


class BodyPart(Strict):
    """The character of a body part."""

    character: PcsCharacter
    label: Text


class PcsTable(Strict):
    """The codes of an ICD-10-PCS table with one device and one qualifier: each body part with each approach.

    Where the source gives the characters and not the valid codes, some of these do not exist; none is left out.
    """

    table: Annotated[str, StringConstraints(pattern=r"^[0-9A-HJ-NP-Z]{3}$")]
    label: Text
    body_parts: tuple[BodyPart, ...] = Field(min_length=1)
    approaches: tuple[ApproachCharacter, ...] = Field(min_length=1)
    device: PcsCharacter
    qualifier: PcsCharacter
    seen: tuple[Seen, ...] = Field(min_length=1)
    cite: Citation

    def codes(self) -> list[tuple[str, str, Approach]]:
        """Each code with its label and approach, in order."""
        return [
            (
                f"{self.table}{part.character}{by.character}{self.device}{self.qualifier}",
                f"{self.label}: {part.label}, {by.label}",
                by.approach,
            )
            for part, by in product(self.body_parts, self.approaches)
        ]


class OpcsCodes(Strict):
    """OPCS-4 codes (without the dot) that mean the service only together."""

    all_of: tuple[OpcsCode, ...] = Field(min_length=2)
    label: Text
    approach: Approach
    seen: tuple[Seen, ...] = Field(min_length=1)
    cite: Citation
