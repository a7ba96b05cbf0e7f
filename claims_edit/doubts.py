"""Doubts, by name: input in the place of a fact that cannot be interpreted.

A reader adds `name@place` to a line's `doubts` for each (several separated by a space); no line with a doubt is denied.
A problem with the payer, member, provider, date, code or the claim itself is not a doubt: the row is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

SEPARATOR = " "  # between the doubts of a line, and between its posting holds
AT = "@"  # between a doubt's name and its place
OF_CLAIM = "hcpcs_code-of-claim"


@dataclass(frozen=True, slots=True)
class Doubt:
    """One kind of doubt.

    Attributes:
        name: `<fact>-<problem>`.
        label: the problem, as one sentence.
        remedy: how to resolve it, as one sentence.
    """

    name: str
    label: str
    remedy: str


def _doubts(*doubts: Doubt) -> dict[str, Doubt]:
    return {doubt.name: doubt for doubt in sorted(doubts, key=lambda doubt: doubt.name)}


# fmt: off
DOUBTS: dict[str, Doubt] = _doubts(
    Doubt("segment-misplaced",
          "A segment of the claim is in a loop where no 837 guide allows it.",
          "Ask the sender to resend the claim, with its segments in the order of the guide."),
    Doubt("diagnosis-qualifier-unknown",
          "An HI element has no qualifier, or one that no 837 guide defines.",
          "Ask the provider which diagnosis or code was meant."),
    Doubt("diagnosis-code-missing",
          "An HI element has the qualifier of a diagnosis and no code.",
          "Ask the provider for the diagnosis."),
    Doubt("diagnosis-code-malformed",
          "An HI element has a diagnosis in a format that its code set does not use.",
          "Ask the provider for the diagnosis."),
    Doubt("diagnosis-composite-leftover",
          "An HI element has more than a diagnosis and its present-on-admission indicator.",
          "Ask the provider which diagnoses the claim has."),
    Doubt("diagnosis-principal-missing",
          "The claim has no principal diagnosis.",
          "Ask the provider which diagnoses the claim has."),
    Doubt("condition-code-not-understood",
          "An HI element for a condition code has no such code, or more than one code.",
          "Ask the provider which condition codes the claim has."),
    Doubt("value-code-not-understood",
          "An HI element for a value code has no such code, or more than a code and its amount.",
          "Ask the provider which value codes the claim has."),
    Doubt("health-code-not-understood",
          "An HI element for a procedure, occurrence, treatment or DRG code has no code, or more than one.",
          "Ask the provider what the element means."),
    Doubt("diagnosis_pointer-missing",
          "The claim has several diagnoses, and the line points to none of them.",
          "Ask the provider which diagnoses the line is for."),
    Doubt("diagnosis_pointer-not-understood",
          "The diagnosis pointers of the line are not one to four numbers from 1 to 12.",
          "Ask the provider which diagnoses the line is for."),
    Doubt(OF_CLAIM,
          "The procedure code is one of the claim as a whole, which does not show which of its lines it is for.",
          "Ask the provider for the record (operative note), and which line the procedure is for."),
    Doubt("hcpcs_code-leftover",
          "The procedure of the line has more than a code, four modifiers and a description.",
          "Ask the provider what the extra components mean."),
    Doubt("claim-charge-mismatch",
          "The claim's charge is not the sum of its lines: a line may be lost.",
          "Ask the provider which lines the claim has."),
    Doubt("transaction-incomplete",
          "The segment count (SE01) does not match the transaction: a segment of the claim may be lost.",
          "Ask the sender to resend the transaction."),
    Doubt("hierarchy-gap",
          "The HL segments of the transaction have a gap in their numbers: one next to the claim may be lost.",
          "Ask the sender to resend the transaction."),
    Doubt("element-misspelt",
          "A key of the claim differs by one letter or by case from an element that is read: its value is not read.",
          "Ask the sender to resend the resource."),
    Doubt("element-repeated",
          "An element of the claim is written twice: only the last one is read.",
          "Ask the sender to resend the resource."),
    Doubt("patient-without-claim",
          "A subscriber or patient of the transaction has no claim: the claim may be under another one.",
          "Ask the sender to resend the transaction."),
    Doubt("subscriber-not-understood",
          "The SBR segment has an invalid code or shifted elements: group, plan or program may be lost.",
          "Ask the sender to resend the subscriber's segment."),
    Doubt("claim_filing_indicator_code-unknown",
          "The claim filing indicator (SBR09) is not an X12 code, so another program may be meant.",
          "Ask the sender for the claim filing indicator, or look up the member's program."),
    Doubt("claim_frequency_code-unknown",
          "The claim frequency code does not show whether the claim is an original, a replacement or a void.",
          "Ask the sender whether the claim replaces or voids an earlier one."),
    Doubt("clinical_trial_number-in-text",
          "A note or description of the claim has the number of a registered trial (NCT and eight digits).",
          "Ask the provider whether the service belongs to the trial."),
    Doubt("clinical_trial_number-missing",
          "A reference for a clinical trial number has no number.",
          "Ask the provider whether the claim belongs to a trial, and for its number."),
    Doubt("clinical_trial_number-several",
          "The claim has two different clinical trial numbers.",
          "Ask the provider to which trial the service belongs."),
    Doubt("condition_codes-unknown",
          "A condition code of the claim is missing, or does not have two characters.",
          "Ask the provider for the condition code."),
    Doubt("coverage-class-unknown",
          "A class of the coverage has no value or an unknown type: the group may be lost.",
          "Ask the sender for the group of the member."),
    Doubt("diagnosis-ambiguous",
          "A diagnosis of the claim refers to a Condition, and several different ones have that id.",
          "Ask the sender which of them the claim means."),
    Doubt("diagnosis-not-coded",
          "A diagnosis of the claim has no ICD-10-CM or ICD-9-CM code.",
          "Ask the provider for the ICD-10-CM code of the diagnosis."),
    Doubt("diagnosis-not-confirmed",
          "A diagnosis of the claim refers to a Condition that is not confirmed.",
          "Ask the provider whether the diagnosis is confirmed."),
    Doubt("diagnosis-type-unknown",
          "A diagnosis of the claim has a type that is in no code list.",
          "Ask the sender whether it is an established diagnosis or one for admission."),
    Doubt("diagnosis-unresolved",
          "A diagnosis of the claim refers to a Condition that is not in the input.",
          "Add the file of the Conditions to the same run, or ask the sender to include them."),
    Doubt("diagnosis_pointer-dangling",
          "A diagnosis pointer of the line points to no diagnosis of the claim.",
          "Ask the provider which diagnoses the line is for."),
    Doubt("diagnosis_sequence-gap",
          "The sequence numbers of the claim's diagnoses have a gap: one may be lost.",
          "Ask the sender whether the claim has another diagnosis."),
    Doubt("diagnosis_sequence-missing",
          "A diagnosis of the claim has no sequence number, so no line can point to it.",
          "Ask the sender which lines the diagnosis is for."),
    Doubt("diagnosis_sequence-repeated",
          "Two different diagnoses of the claim have one sequence number.",
          "Ask the sender which of them the line points to."),
    Doubt("hcpcs_code-system-unknown",
          "The procedure code of the line is from another code system than HCPCS or CPT, or is only a text.",
          "Ask the sender whether the code is a HCPCS or CPT code."),
    Doubt("hcpcs_modifier-empty",
          "A modifier of the line has neither code nor text.",
          "Ask the sender for the modifiers of the line."),
    Doubt("implicit-rules",
          "The claim, or a resource that it refers to, has unknown special rules (`implicitRules`).",
          "Ask the sender what the rules change."),
    Doubt("information-category-missing",
          "Supporting information of the claim has no category, so it may be trial evidence.",
          "Ask the sender what the information is."),
    Doubt("information-category-misspelt",
          "The category of supporting information differs by one letter from one that is read, such as a trial number.",
          "Ask the sender what the information is."),
    Doubt("information_pointer-dangling",
          "The line points to supporting information that the claim does not have.",
          "Ask the sender for the whole claim."),
    Doubt("investigational_device_exemption_number-missing",
          "A reference for an investigational device exemption number has no number.",
          "Ask the provider whether the device has an exemption, and for its number."),
    Doubt("investigational_device_exemption_number-several",
          "The claim has two different investigational device exemption numbers.",
          "Ask the provider which device was used, and for its number."),
    Doubt("modifier-extension",
          "An unknown extension (`modifierExtension`) changes the meaning of a part of the claim.",
          "Ask the sender what the extension changes."),
    Doubt("outcome-incomplete",
          "The claim is queued, in error or only partly adjudicated.",
          "Wait for the complete adjudication, or ask the sender for it."),
    Doubt("outcome-unknown",
          "The outcome of the adjudication is missing or in no code list.",
          "Ask the sender whether the adjudication is complete."),
    Doubt("prior_authorization_number-missing",
          "A reference for a prior authorization number has no number.",
          "Look up whether the service was authorized, or ask the provider for the number."),
    Doubt("procedure_pointer-dangling",
          "The line points to a procedure that the claim does not have.",
          "Ask the sender for the whole claim."),
    Doubt("repeated-line-differs",
          "The same claim line was repeated with different deciding facts; the later row was refused.",
          "Compare the two rows, and ask the sender which one counts."),
    Doubt("revision-unclear",
          "A claim that may replace or void this one was refused, or has an unknown claim frequency code.",
          "Correct and resend that claim, or ask the sender what it does to this one."),
    Doubt("trial-diagnosis-not-pointed",
          "The claim carries the clinical trial diagnosis Z00.6, and the line does not point to it.",
          "Ask the provider whether the service belongs to the trial."),
    Doubt("use-unknown",
          "The use of the claim is missing or in no code list.",
          "Ask the sender whether it is a claim for payment."),
    Doubt("value_codes-unknown",
          "A value code of the claim is missing, or does not have two characters.",
          "Ask the provider for the value code."),
)
# fmt: on


def doubt_token(name: str, place: str) -> str:
    """A doubt in the form of `doubts`."""
    return f"{name}{AT}{place}"


def doubt_names(tokens: pl.Expr) -> pl.Expr:
    """The names of a line's doubts, sorted, each once, joined by a comma and a blank (String); null where none."""
    names = tokens.str.split(SEPARATOR).list.eval(pl.element().str.split(AT).list.first().replace("", None))
    joined = names.list.drop_nulls().list.unique().list.sort().list.join(", ")
    return pl.when(joined != "").then(joined)
