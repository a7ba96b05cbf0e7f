"""What explanations promise, sentence by sentence, as experiments: the line (or a fact) changed, and what must follow.

A sentence that promises nothing must be named here too, so that no sentence goes without being held to account.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.lib.candidates import DIAGNOSES, MODIFIERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from claims_edit.policy import Catalog
    from claims_edit.policy.pack import Policy

Row = dict[str, Any]

COVERED, EXCLUDED = "X-COVERED", "X-EXCLUDED"  # groups with a contract of every payer on all days
ALONE = {"claim_id": "ALONE", "original_claim_id": None}  # no other claim names it
NO_DIAGNOSES = dict.fromkeys(DIAGNOSES)
NO_TRIAL = {
    **dict.fromkeys(MODIFIERS),
    **dict.fromkeys(
        ("clinical_trial_number", "condition_codes", "value_codes", "investigational_device_exemption_number")
    ),
}
TRIALS: tuple[Row, ...] = (
    {"hcpcs_modifier_5": "Q0"},
    {"hcpcs_modifier_5": "Q1"},
    {"diagnosis_code_25": "Z006", "diagnosis_code_type": "icd-10-cm"},
    {"clinical_trial_number": "00000017"},
    {"condition_codes": "30"},
    {"investigational_device_exemption_number": "G123456"},
    {"value_codes": "D4"},
)


@dataclass(frozen=True)
class Experiment:
    """A change of the candidate line, or of its resolved facts, and what the decision must be (or must not be)."""

    sentence: str
    change: Row
    of_facts: bool = False
    is_: tuple[str, str] | None = None  # edit and disposition
    disposition: str | None = None
    is_not: tuple[str, ...] = ()

    def holds(self, reason: str, disposition: str) -> bool:
        """Whether the decision is as promised."""
        wanted = self.is_ is None or self.is_ == (reason, disposition)
        return wanted and self.disposition in {None, disposition} and reason not in self.is_not


def experiments(explanation: Row, row: Row, catalog: Catalog) -> Iterator[Experiment]:
    """Everything that the `changes` of an explanation promise about its decision row.

    Raises:
        AssertionError: a sentence that is not known here.
    """
    for sentence in explanation["changes"]:
        known = [(tell, found) for pattern, tell in _PROMISES if (found := re.search(pattern, sentence))]
        harmless = any(re.search(pattern, sentence) for pattern in _PROMISES_NOTHING)
        assert known or harmless, f"nobody holds this to account: {sentence}"
        for tell, found in known:
            for promised in tell(found, row, catalog):
                yield Experiment(sentence, **promised)


_THEN = r"(?P<edit>[a-z-]+) decides \((?P<disposition>[a-z]+)\)"


def _then(found: re.Match[str]) -> Row:
    return {"is_": (found["edit"], found["disposition"])}


def _names(text: str) -> list[str]:
    return re.split(r", | or | and ", text)


def _program(name: str) -> Row:
    return {
        "change": {
            "line_of_business": name,
            "claim_filing_indicator_code": None,
            "member_id": "M-OF-NO-OTHER-CLAIM",
            "plan": None,
        }
    }


def _policy(row: Row, catalog: Catalog) -> Policy | None:
    services = {code.code: file.service for file in catalog.pack.codes.values() for code in file.every_code}
    wanted = (row["payer"], services[row["hcpcs_code"]])
    return next((each for each in catalog.pack.policies.values() if (each.payer, each.service) == wanted), None)


def _if_programs(found: re.Match[str], _row: Row, _catalog: Catalog) -> Iterator[Row]:
    for name in _names(found["programs"]):
        yield _program(name) | _then(found)


def _other_programs(found: re.Match[str], row: Row, catalog: Catalog) -> Iterator[Row]:
    sentence = found.string.replace(found.group(), "")
    policy = _policy(row, catalog)
    assert policy is not None
    version = next(each for each in policy.versions if each.from_.date.isoformat() == row["policy_version"])
    named = {*version.applies_to.programs, *version.exceptions}
    for verb, disposition in (("referred", "refer"), ("reviewed", "review")):
        for reported in re.findall(rf"([a-z_]+(?:(?:, | or )[a-z_]+)*) would be {verb}", sentence):
            for name in _names(reported):
                assert name in named
                yield _program(name) | {"disposition": disposition}
    for name in set(catalog.pack.programs.programs) - named:
        yield _program(name) | {"is_": ("program-silent", "review")}


def _trial_signs_wrong(found: re.Match[str], _row: Row, _catalog: Catalog) -> Iterator[Row]:
    yield {"change": NO_TRIAL} | _then(found)


def _line(change: Row, **promised: Any) -> Callable[..., list[Row]]:
    """The same change of every line; `then`: the outcome is in the sentence."""
    return lambda found, _row, _catalog: [{"change": change} | (promised or _then(found))]


def _fact(change: Row) -> Callable[..., list[Row]]:
    return lambda found, _row, _catalog: [{"change": change, "of_facts": True} | _then(found)]


OF_SUSPENDED = rf"^If the policy was reviewed in time and is unchanged, .*: {_THEN}\.$"
_PASSES = {"is_": ("contract-covers", "pass")}
_PROMISES: tuple[tuple[str, Callable[..., Any]], ...] = (
    (
        r"^If the procedure is for this line, the line is decided by its code\.$",
        _line({"code_column": None, "doubts": None}, is_not=("facts-in-doubt",)),
    ),
    (rf"^If all of these are withdrawn, .*: {_THEN}\.$", _line(ALONE)),
    (rf"^If it is (?P<programs>[a-z_, ]+), the policy applies: {_THEN}\.$", _if_programs),
    (rf"If that is wrong and it is (?P<programs>[a-z_, ]+): {_THEN}\.$", _if_programs),
    (r"a program that the policy does not name would be reviewed", _other_programs),
    (rf"^Without that contract: {_THEN}\.$", _fact({"contract_covered": False})),
    (r"^If it covers the service, the line passes;", _line({"group_id": COVERED}, **_PASSES)),
    (rf"; if it excludes it: {_THEN}\.$", _line({"group_id": EXCLUDED})),
    (rf"^If it does not address the service: {_THEN}\.$", _fact({"contract_review": False})),
    (r"that covers the service.*: the line would pass", _line({"group_id": COVERED}, **_PASSES)),
    (rf"^A reading of the contract .*: {_THEN}\.$", _fact({"contract_excluded": False})),
    (rf"a corrected group_id without a contract that addresses it: {_THEN}\.$", _line({"group_id": None})),
    (rf"^If the authorization does not cover this service: {_THEN}\.$", _line({"prior_authorization_number": None})),
    (rf"^If the facts are correct as read: {_THEN}\.$", _fact({"doubts": None})),
    (rf"^If it was this service: {_THEN}\.", _fact({"code_kind": "specific"})),
    (rf"the trial does not cover it: {_THEN}\.$", _fact({"trial_evidence": None})),
    (rf"^If the trial evidence is wrong, or .*: {_THEN}\.$", _trial_signs_wrong),
    (
        rf"^If the record shows a malignant solid tumor: {_THEN}\.$",
        _line({**NO_DIAGNOSES, "diagnosis_code_1": "C259", "diagnosis_code_type": "icd-10-cm"}),
    ),
    (
        r"^If it shows no malignant solid tumor, a person still decides",
        _line({"diagnosis_code_1": "I10", "diagnosis_code_type": "icd-10-cm"}, disposition="review"),
    ),
    (
        r"^Evidence of a clinical trial .*: a person would review the line",
        lambda *_: [{"change": each, "is_": ("trial-context", "review")} for each in TRIALS],
    ),
    (OF_SUSPENDED, _fact({"stale_after": None})),
)
PATTERNS = tuple(pattern for pattern, _ in _PROMISES)
_PROMISES_NOTHING = (
    r"^Fact in doubt: ", r"^Missing fact: ", r"^A person ", r"^Otherwise a person decides",
    r"^The provider compares the line with the record", r"^If it is a spelling of a listed payer",
    r"^A funding policy of this payer in rules/policies", r"^Find the member's program",
    r"^If the policy adds the code to its list", r"^If the trial's rules or the contract cover",
)  # fmt: skip
