"""The sentences of an edit on a line that it decides: notes, and what would change the outcome."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Lacking(Enum):
    """What a line may lack, or have wrong, so that another outcome could follow.

    A procedure code and a date of service are not among them, nor is a diagnosis that a usable one would replace: they
    are facts of the claim, for the provider to state from the record. An explanation that proposed others would coach
    the provider to bill what is paid.
    """

    PAYER = "the payer"
    PROGRAM = "the member's program"
    CONTRACT = "the group's benefit terms"
    AUTHORIZATION = "what was authorized"
    TRIAL = "evidence of a clinical trial, or its rules"
    RECORD = "the medical record"
    DIAGNOSIS = "a usable diagnosis, or one that the policy addresses"
    REVISION = "which claim counts"
    INPUT = "data that could be interpreted"
    POLICY = "what the policy's owner states"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an explanation.

    Attributes:
        text: the sentence.
        lacking: what could change the outcome; None for a note, which states facts and proposes nothing.
    """

    text: str
    lacking: Lacking | None = None


def note(text: str) -> Sentence:
    """A fact of the line or the rules behind the outcome, or a remark for an appeal."""
    return Sentence(text)


def change(lacking: Lacking, text: str) -> Sentence:
    """What would change the outcome."""
    return Sentence(text, lacking)
