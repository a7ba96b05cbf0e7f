"""The models of remittance code combinations."""

from typing import Annotated, Literal

from pydantic import Field

from claims_edit.rule_files.cited import Home
from claims_edit.rule_files.values import Carc, Citation, Flag, GroupCode, Key, Rarc, Strict, Text


class CitedFact(Strict):
    """What a document establishes, in our own words."""

    says: Text
    cite: Citation


class Scenario(Strict):
    """A business situation in which an 835 adjustment is made."""

    id: Key
    number: Annotated[int, Field(ge=1)]
    label: Text
    cite: Citation


class Combination(Strict):
    """The codes approved with one CARC; its RARCs are the approved ones.

    `needs_remark` and `refers_to_policy` are requirements of the CARC's own definition: a remark code, and a reference
    to the healthcare policy (`REF*0K`).
    """

    carc: Carc
    label: Text
    scenario: Key
    dispositions: tuple[Literal["deny", "return"], ...] = Field(min_length=1)
    group_codes: tuple[GroupCode, ...] = Field(min_length=1)
    needs_remark: Flag
    refers_to_policy: Flag
    rarcs: tuple[Rarc, ...] = ()
    cite: Citation


class RemittanceFile(Home):
    """`remittance/*.yaml`: code combinations of 835 adjustments, by scenario; `basis` is the source of the table."""

    title: Text
    basis: tuple[CitedFact, ...] = Field(min_length=1)
    scenarios: tuple[Scenario, ...] = Field(min_length=1)
    combinations: tuple[Combination, ...] = Field(min_length=1)
