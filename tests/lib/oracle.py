"""A naive reading of the decision table, line by line, that the engine and the claim-line checks are compared with.

It is written apart from them and from `rules/`: the facts are here a second time, as read from the policy documents,
so that a wrong date in a YAML file and a wrong expression in an edit both show as a disagreement. It is slow and plain
on purpose. Lines are mappings of the canonical columns; dates are `datetime.date`, missing values None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

Line = Mapping[str, Any]
Decision = dict[str, Any]

# --- the facts --------------------------------------------------------------------------------------------------------


class Version(NamedTuple):
    """One period of one payer's document in which nothing that decides a line changes."""

    first: date
    last: date | None
    scope: str  # "all", "solid" or "guidance"
    listed: frozenset[str]
    programs: Mapping[str, str]  # program -> applies | refer | review; a program that is not here is silent
    member_pays: bool  # the document itself names patient responsibility
    fresh_until: date | None  # the next review, else twelve months past the last


class Code(NamedTuple):
    """One procedure code: whether it names the service itself, and from when it is valid (None = throughout)."""

    specific: bool
    valid_from: date | None


CODES = {
    "0600T": Code(specific=True, valid_from=date(2020, 7, 1)),
    "0601T": Code(specific=True, valid_from=date(2020, 7, 1)),
    "47384": Code(specific=True, valid_from=date(2026, 1, 1)),
    "55877": Code(specific=True, valid_from=date(2026, 1, 1)),
    "32999": Code(specific=False, valid_from=None),
    "47399": Code(specific=False, valid_from=None),
    "48999": Code(specific=False, valid_from=None),
    "53899": Code(specific=False, valid_from=None),
}
# ICD-10-PCS: destruction (0F5) of each part of the liver, bile ducts and pancreas, by each approach, with qualifier F.
PCS = frozenset(f"0F5{part}{approach}ZF" for part in "012456789CDFG" for approach in "03478")
OPCS = {"J128+Y123": ("J128", "Y123")}  # OPCS-4: only together
CODES |= dict.fromkeys((*PCS, *OPCS), Code(specific=True, valid_from=None))
UNLISTED = frozenset({"32999", "47399", "48999", "53899"})
CATEGORY_III = frozenset({"0600T", "0601T"})

REGENCE_PROGRAMS = {"commercial": "applies", "marketplace": "applies"}
FLORIDA_PROGRAMS = {
    "commercial": "applies",
    "marketplace": "applies",
    "medicaid": "applies",
    "fep": "refer",
    "state_account": "refer",
    "medicare_advantage": "review",
}
PREMERA_PROGRAMS = {"commercial": "applies", "marketplace": "applies", "medicare_advantage": "refer"}

POLICIES: Mapping[str, Sequence[Version]] = {
    "regence": [
        # Effective January 1, 2026; next review November 2026; "Providers may bill members".
        Version(
            date(2026, 1, 1), None, "solid", CATEGORY_III | {"47384", "55877"}, REGENCE_PROGRAMS,
            member_pays=True, fresh_until=date(2026, 11, 30),
        ),
    ],
    "florida_blue": [
        # Original effective date 02/15/16; 07/01/20 added 0600T, 0601T; reviewed 05/23/24, no next review given.
        Version(
            date(2016, 2, 15), date(2020, 6, 30), "all", frozenset(), FLORIDA_PROGRAMS,
            member_pays=False, fresh_until=date(2025, 5, 23),
        ),
        Version(
            date(2020, 7, 1), None, "all", CATEGORY_III, FLORIDA_PROGRAMS,
            member_pays=False, fresh_until=date(2025, 5, 23),
        ),
    ],
    "premera": [
        # Effective January 3, 2020; 07/01/20 removed the unlisted codes; last review approved September 26, 2022.
        Version(
            date(2020, 1, 3), date(2020, 6, 30), "all", UNLISTED, PREMERA_PROGRAMS,
            member_pays=False, fresh_until=date(2023, 9, 26),
        ),
        Version(
            date(2020, 7, 1), None, "all", CATEGORY_III, PREMERA_PROGRAMS,
            member_pays=False, fresh_until=date(2023, 9, 26),
        ),
    ],
    "nhs_england": [
        # NICE's first guidance gives only the year 2013: its last day, so that it never acts early.
        Version(date(2013, 12, 31), None, "guidance", frozenset(), {}, member_pays=False, fresh_until=None),
    ],
}  # fmt: skip

PAYER_NAMES = {
    "regence": ("regence", "Regence BlueShield"),
    "florida_blue": (
        "florida_blue", "Florida Blue", "BCBSFL", "Blue Cross and Blue Shield of Florida",
        "Blue Cross & Blue Shield of Florida",
    ),
    "premera": ("premera", "Premera Blue Cross"),
    "nhs_england": ("nhs_england", "NHS England"),
}  # fmt: skip
BLUE_PLANS = frozenset({"regence", "florida_blue", "premera"})

PROGRAM_NAMES = {
    "commercial": ("commercial", "Commercial PPO"),
    "marketplace": ("marketplace", "Exchange", "QHP"),
    "medicaid": ("medicaid",),
    "medicare_advantage": ("medicare_advantage", "Medicare Advantage", "Medicare Advantage PPO", "MA", "MAPD"),
    "medicare_ffs": ("medicare_ffs",),
    "fep": ("fep", "Federal Employee Program", "FEP Blue Focus"),
    "state_account": ("state_account", "State Account", "SAO"),
    "nhs": ("nhs",),
    "other_coverage": ("other_coverage", "TRICARE", "TRICARE Prime", "CHAMPVA", "Workers Compensation"),
}
# The name of a plan that holds these words, and spells no program, contradicts any other program.
PLAN_WORDS = {
    "medicaid": ("medicaid",),
    "medicare_advantage": ("medicare", "medicareadvantage", "ma", "mapd"),
    "fep": ("fep", "fehb", "federalemployee"),
    "state_account": ("sao", "stateaccount"),
    "other_coverage": ("tricare", "champva", "veterans"),
}
FILING_INDICATORS = {
    **dict.fromkeys(("CH", "VA", "OF", "TV", "WC", "AM", "LM", "LI", "DS"), "other_coverage"),
    "FI": "fep",
    "16": "medicare_advantage",
    "MA": "medicare_ffs",
    "MB": "medicare_ffs",
    "MC": "medicaid",
}

SITE_CHANGE = date(2026, 1, 1)
LIVER = frozenset({"liver_primary", "liver_metastasis"})
PROSTATE = frozenset({"prostate"})

GUIDANCE = {  # NICE by site, newest first; of a year or a month alone the last day counts
    "liver_primary": ((date(2019, 11, 30), "IPG664"), (date(2013, 12, 31), "IPG444")),
    "liver_metastasis": ((date(2013, 12, 31), "IPG445"),),
    "pancreas": ((date(2017, 5, 31), "IPG579"), (date(2013, 12, 31), "IPG442")),
    "kidney": ((date(2013, 12, 31), "IPG443"),),
    "lung": ((date(2013, 12, 31), "IPG441"),),
    "prostate": ((date(2023, 7, 31), "IPG768"), (date(2016, 12, 21), "IPG572")),
}
REFERENCES = {
    "regence": "Surgery 242", "florida_blue": "02-40000-26", "premera": "Premera Irreversible Electroporation",
}  # fmt: skip

DISPOSITIONS = {
    "line-superseded": "pass",
    "unlisted-code-out-of-scope": "pass",
    "code-not-valid-on-dos": "return",
    "payer-not-on-file": "review",
    "dos-spans-boundary": "review",
    "policy-not-in-force": "pass",
    "guidance-research-only": "review",
    "program-conflict": "review",
    "program-unknown": "review",
    "program-exception-refer": "refer",
    "program-exception-review": "review",
    "program-silent": "review",
    "contract-covers": "pass",
    "contract-review": "review",
    "prior-authorization": "review",
    "facts-in-doubt": "review",
    "unlisted-code": "review",
    "trial-context": "review",
    "contract-excludes": "deny",
    "code-not-listed": "review",
    "indication-unknown": "review",
    "indication-not-addressed": "review",
    "investigational": "deny",
}
REMITTANCE: Mapping[str, tuple[str, list[str]]] = {
    "code-not-valid-on-dos": ("181", ["M20"]),
    "contract-excludes": ("96", ["N130"]),
    "investigational": ("55", []),
}

# --- one fact at a time -----------------------------------------------------------------------------------------------


@cache
def squeezed(text: str | None) -> str:
    """A name without regard to case, spaces or punctuation."""
    return "".join(letter for letter in (text or "").lower() if letter.isalnum())


def _one_of(names: Mapping[str, tuple[str, ...]], text: str | None) -> str | None:
    for key, spellings in names.items():
        if squeezed(text) in {squeezed(spelling) for spelling in spellings}:
            return key
    return None


@cache
def payer_of(name: str | None) -> str | None:
    """The payer key of a name, or None."""
    return _one_of(PAYER_NAMES, name)


def site_of(diagnosis: str, others: Sequence[str] = ()) -> str:
    """The site class of one ICD-10-CM code; `others` are all of the line's."""
    if diagnosis.startswith("C7952"):  # bone marrow
        return "not_solid"
    if diagnosis.startswith("C802") and any(re.match("C(8[1-9]|9[0-6])", other) for other in others):
        return "not_solid"  # of a transplanted organ, and the other code says that it is a lymphoma or leukemia
    if diagnosis.startswith("C7B02"):
        return "liver_metastasis"
    named = {"C22": "liver_primary", "C25": "pancreas", "C64": "kidney", "C34": "lung", "C61": "prostate"}
    longer = {"C787": "liver_metastasis", "C780": "lung"}
    if diagnosis[:4] in longer:
        return longer[diagnosis[:4]]
    if diagnosis[:3] in named:
        return named[diagnosis[:3]]
    numbered = re.match(r"C(\d\d)", diagnosis)
    if (numbered and int(numbered[1]) <= 80) or diagnosis[:3] in {"C4A", "C7A", "C7B"}:
        return "other_solid"
    return "not_solid"


def diagnoses_of(line: Line) -> list[str]:
    """The diagnoses that can be used: ICD-10-CM ones, in order, gaps left out."""
    if line.get("diagnosis_code_type") == "icd-9-cm":
        return []
    codes = [line.get(f"diagnosis_code_{place}") for place in range(1, 26)]
    return [code for code in codes if code]


def signals_of(line: Line, payer: str | None) -> dict[str, str]:
    """What each sign on the line says about its program; silent signs are left out."""
    number = re.sub("[ -]", "", line["member_id"].upper())
    given = {
        "line_of_business": _one_of(PROGRAM_NAMES, line.get("line_of_business")),
        "claim_filing_indicator_code": FILING_INDICATORS.get(line.get("claim_filing_indicator_code") or ""),
        "member_id": "fep" if payer in BLUE_PLANS and re.fullmatch(r"R\d{8}\d{0,3}", number) else None,
        "plan": _one_of(PROGRAM_NAMES, line.get("plan")),
    }
    signals = {sign: program for sign, program in given.items() if program}
    if signals and "plan" not in signals:
        other = [program for program in programs_in_plan(line.get("plan")) if program not in signals.values()]
        several = len(set(signals.values())) > 1 and programs_in_plan(line.get("plan"))
        if other or several:
            signals["plan"] = (other or [programs_in_plan(line.get("plan"))[0]])[0]
    return signals


def programs_in_plan(plan: str | None) -> list[str]:
    """The programs whose words are in the name of a plan: short ones as whole words."""
    words = re.split("[^a-z0-9]+", (plan or "").lower())
    return [
        program
        for program, given in PLAN_WORDS.items()
        if any(word in words or (len(word) > 5 and word in squeezed(plan)) for word in given)
    ]


def trial_evidence_of(line: Line) -> list[str]:
    """The signs of a clinical trial that the line carries."""
    modifiers = [line.get(f"hcpcs_modifier_{place}") for place in range(1, 6)]
    conditions = re.split(r"[ ,;|]+", line.get("condition_codes") or "")
    evidence = {
        "modifier Q0": "Q0" in modifiers,
        "modifier Q1": "Q1" in modifiers,
        "diagnosis Z00.6": "Z006" in diagnoses_of(line),
        "diagnosis V70.7": "V707" in [line.get(f"diagnosis_code_{place}") for place in range(1, 26)],
        "clinical trial number": bool(line.get("clinical_trial_number")),
        "condition code 30": "30" in conditions,
        "investigational device exemption number": bool(line.get("investigational_device_exemption_number")),
        "value code D4": "D4" in re.split(r"[ ,;|:]+", line.get("value_codes") or ""),
    }
    return [kind for kind, present in evidence.items() if present]


def _same_payer(one: str | None, other: str | None) -> bool:
    if payer_of(one) or payer_of(other):
        return payer_of(one) == payer_of(other)
    return squeezed(one) == squeezed(other)


def _are_of_one(one: Line, other: Line) -> bool:
    """Whether two lines are of one payer, data source, member and billing provider."""
    columns = ("data_source", "member_id", "billing_provider_id")
    return _same_payer(one["payer"], other["payer"]) and all(one.get(name) == other.get(name) for name in columns)


def superseding(line: Line, run_lines: Sequence[Line]) -> str | None:
    """The claim that supersedes a line: a void before a replacement, then the greatest id; a void has none."""
    found = []
    near = [other for other in run_lines if _are_of_one(line, other)]
    for other in near:
        if line["claim_frequency_code"] == "8" or other["claim_frequency_code"] not in {"7", "8"}:
            continue
        original = other.get("original_claim_id")
        is_known = any(each["claim_id"] == original for each in near)
        target = original if is_known else other["claim_id"]
        itself = (other["claim_id"], other["claim_frequency_code"]) == (line["claim_id"], line["claim_frequency_code"])
        if target == line["claim_id"] and not itself:
            own = other["claim_id"] == line["claim_id"]
            found.append((other["claim_frequency_code"], not own, other["claim_id"]))
    return max(found)[2] if found else None


def is_superseded(line: Line, run_lines: Sequence[Line]) -> bool:
    """Whether the claim is a void, or a replacement or void of it is in the run."""
    return line["claim_frequency_code"] == "8" or superseding(line, run_lines) is not None


def boundaries_of(payer: str | None, code: str) -> set[date]:
    """First days, and days after last days, of this payer's versions and of the code's validity."""
    days = {CODES[code].valid_from}
    for version in POLICIES.get(payer or "", ()):
        days.add(version.first)
        days.add(version.last + timedelta(days=1) if version.last else None)
    return {day for day in days if day}


# --- the decision table -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Facts:
    """What is known about a line before any edit is asked."""

    line: Line
    run_lines: Sequence[Line]
    contracts: Sequence[Line]
    payer: str | None
    version: Version | None

    @property
    def start(self) -> date:
        return self.line["service_start_date"]

    @property
    def end(self) -> date:
        return self.line["service_end_date"]

    @property
    def code(self) -> str:
        return self.line["hcpcs_code"]

    @property
    def is_of_claim(self) -> bool:
        """Whether the code is a procedure of the claim, so that it may be for another line."""
        return self.code in PCS or self.code in OPCS or self.line.get("code_column") not in {None, "hcpcs_code"}

    @property
    def program(self) -> str | None:
        stated = set(signals_of(self.line, self.payer).values())
        return stated.pop() if len(stated) == 1 else None

    @property
    def sites(self) -> list[str]:
        diagnoses = diagnoses_of(self.line)
        return [site_of(diagnosis, diagnoses) for diagnosis in diagnoses]

    @property
    def solid_sites(self) -> list[str]:
        return [site for site in self.sites if site != "not_solid"]

    def in_force(self, *scopes: str) -> bool:
        """Whether a version is in force on the start date, of one of these scopes where any is named."""
        return self.version is not None and (not scopes or self.version.scope in scopes)

    def program_rule(self) -> str | None:
        """What a funding policy in force says of the program; None where program or policy is not established."""
        if self.version is None or self.version.scope == "guidance" or self.program is None:
            return None
        return self.version.programs.get(self.program, "silent")

    def lists_code(self) -> bool:
        return self.version is not None and self.code in self.version.listed


def version_on(payer: str | None, day: date) -> Version | None:
    """The version of this payer's document in force on a day."""
    for version in POLICIES.get(payer or "", ()):
        if version.first <= day and (version.last is None or day <= version.last):
            return version
    return None


def _contracts_for(facts: Facts) -> list[Line]:
    """The contracts in force on the start date for the payer and group, oldest first; none where no version is."""
    if facts.version is None:
        return []
    found = [
        contract
        for contract in facts.contracts
        if contract["payer"] == facts.payer
        and facts.line.get("group_id")
        and contract["group_id"] == facts.line["group_id"]
        and contract["effective_date"] <= facts.start
        and (contract["end_date"] is None or facts.start <= contract["end_date"])
    ]
    return sorted(found, key=lambda contract: contract["effective_date"])


def _has_contract(facts: Facts, coverage: str) -> bool:
    return any(contract["coverage"] == coverage for contract in _contracts_for(facts))


def _unlisted_out_of_scope(facts: Facts) -> bool:
    if facts.code not in UNLISTED:
        return False
    day = facts.start
    while day <= facts.end:
        version = version_on(facts.payer, day)
        if version is not None and facts.code in version.listed:
            return False
        day += timedelta(days=1)
    return True


def _not_valid_on_dos(facts: Facts) -> bool:
    valid_from = CODES[facts.code].valid_from
    return valid_from is not None and facts.end < valid_from and not facts.is_of_claim


def _spans_boundary(facts: Facts) -> bool:
    return any(facts.start < day <= facts.end for day in boundaries_of(facts.payer, facts.code))


def _investigational(facts: Facts) -> bool:
    return facts.in_force("all", "solid") and facts.lists_code() and not facts.is_of_claim


def _in_doubt(facts: Facts) -> bool:
    """A HCPCS code among the claim's procedures is in doubt; those that can only be there have an edit of their own."""
    return facts.in_force() and _doubts(facts) is not None


EDITS: Mapping[str, Callable[[Facts], bool]] = {
    "line-superseded": lambda f: is_superseded(f.line, f.run_lines),
    "unlisted-code-out-of-scope": _unlisted_out_of_scope,
    "code-not-valid-on-dos": _not_valid_on_dos,
    "payer-not-on-file": lambda f: f.payer is None,
    "dos-spans-boundary": _spans_boundary,
    "policy-not-in-force": lambda f: f.payer is not None and f.version is None,
    "guidance-research-only": lambda f: f.in_force("guidance"),
    "program-conflict": lambda f: f.in_force() and len(set(signals_of(f.line, f.payer).values())) > 1,
    "program-unknown": lambda f: f.in_force() and not signals_of(f.line, f.payer),
    "program-exception-refer": lambda f: f.program_rule() == "refer",
    "program-exception-review": lambda f: f.program_rule() == "review",
    "program-silent": lambda f: f.program_rule() == "silent",
    "contract-covers": lambda f: _has_contract(f, "covered"),
    "contract-review": lambda f: _has_contract(f, "review"),
    "prior-authorization": lambda f: f.in_force() and bool(f.line.get("prior_authorization_number")),
    "facts-in-doubt": _in_doubt,
    "unlisted-code": lambda f: f.code in UNLISTED and f.lists_code(),
    "trial-context": lambda f: f.in_force() and bool(trial_evidence_of(f.line)),
    "contract-excludes": lambda f: _has_contract(f, "excluded") and not f.is_of_claim,
    "code-not-listed": lambda f: f.in_force("all", "solid") and f.code not in UNLISTED and not f.lists_code(),
    "indication-unknown": lambda f: f.in_force("solid") and not f.sites,
    "indication-not-addressed": lambda f: f.in_force("solid") and bool(f.sites) and not f.solid_sites,
    "investigational": _investigational,
}


def _site_mismatch(facts: Facts) -> bool:
    solid = set(facts.solid_sites)
    if facts.start < SITE_CHANGE or not solid:
        return False
    match facts.code:
        case "0600T":
            return solid <= LIVER | PROSTATE
        case "47384":
            return not solid & LIVER
        case "55877":
            return not solid & PROSTATE
        case _:
            return False


def is_stale(facts: Facts) -> bool:
    """Whether the start date is past the day until which the version in force was to be reviewed."""
    version = facts.version
    return version is not None and version.fresh_until is not None and facts.start > version.fresh_until


def site_class_of(facts: Facts) -> str | None:
    """The class of the first solid-tumor diagnosis, else `not_solid`, else None."""
    if facts.solid_sites:
        return facts.solid_sites[0]
    return "not_solid" if facts.sites else None


def guidance_of(facts: Facts) -> str | None:
    """The guidance of NICE on the line's site that was published last by the start date."""
    entries = GUIDANCE.get(site_class_of(facts) or "", ())
    return next((name for day, name in entries if day <= facts.start), None)


def _reference(facts: Facts) -> str | None:
    """What the policy in force is called: for the NHS the guidance on the line's own site."""
    if facts.version is None:
        return None
    return guidance_of(facts) if facts.payer == "nhs_england" else REFERENCES[facts.payer or ""]


def _doubts(facts: Facts) -> str | None:
    named = {token.split("@")[0] for token in (facts.line.get("doubts") or "").split()}
    if facts.is_of_claim and len(facts.code) == 5:
        named.add("hcpcs_code-of-claim")
    return ", ".join(sorted(named)) or None


INFORMATIONAL: Mapping[str, Callable[[Facts], bool]] = {
    "code-site-mismatch": _site_mismatch,
    "policy-stale": is_stale,
    "guidance-note": lambda f: guidance_of(f) is not None,
}


def _group_code(disposition: str, reason: str, facts: Facts) -> tuple[str | None, str | None]:
    """Who bears the amount (CAS group code), and on what ground."""
    if disposition == "return":
        return "CO", "default"
    if disposition != "deny":
        return None, None
    if reason == "contract-excludes":
        stated = next(
            contract["group_code"] for contract in _contracts_for(facts) if contract["coverage"] == "excluded"
        )
        if stated:
            return stated, "contract"
    if facts.version is not None and facts.version.member_pays:
        return "PR", "policy"
    return "CO", "default"


def decide_line(
    line: Line, run_lines: Sequence[Line], contracts: Sequence[Line], *, suspend_stale: bool = False
) -> Decision:
    """The decision on one candidate line, given all accepted lines of its run and the contracts.

    `suspend_stale` is `--stale-policy review`: what would be denied under a policy past its review goes to a person.
    """
    payer = payer_of(line["payer"])
    facts = Facts(line, run_lines, contracts, payer, version_on(payer, line["service_start_date"]))
    if payer == "nhs_england" and site_class_of(facts) in GUIDANCE and guidance_of(facts) is None:
        facts = replace(facts, version=None)  # NICE had not published on this site yet
    hits = [edit for edit, asks in EDITS.items() if asks(facts)]
    reason = hits[0]
    if suspend_stale and DISPOSITIONS[reason] == "deny" and is_stale(facts):
        reason = "policy-stale"
    disposition = DISPOSITIONS.get(reason, "review")  # an overdue review, where it decides, is for a person
    group_code, liability_basis = _group_code(disposition, reason, facts)
    carc, rarcs = REMITTANCE.get(reason, (None, []))
    return {
        "disposition": disposition,
        "reason_code": reason,
        "edits": hits + [edit for edit, asks in INFORMATIONAL.items() if asks(facts)],
        "program": facts.program,
        "program_basis": ", ".join(signals_of(line, payer)) or None,
        "payer": payer,
        "policy_version": facts.version.first.isoformat() if facts.version else None,
        "site_class": site_class_of(facts),
        "group_code": group_code,
        "liability_basis": liability_basis,
        "carc": carc,
        "rarcs": rarcs,
        "adjustment_amount": line.get("charge_amount") if disposition in {"deny", "return"} else None,
        "policy_stale": is_stale(facts),
        "trial_evidence": "; ".join(trial_evidence_of(line)) or None,
        "superseded_by": superseding(line, run_lines),
        "policy_reference": _reference(facts),
        "doubts": _doubts(facts),
        "prior_authorization_number": line.get("prior_authorization_number"),
    }


# --- validation of claim lines ----------------------------------------------------------------------------------------

ICD_10 = r"[A-Z][0-9][0-9A-Z](\.?[0-9A-Z]{1,4})?"
ICD_9 = r"([0-9]{3}|V[0-9]{2})(\.?[0-9]{1,2})?|E[0-9]{3}(\.?[0-9])?"
PROCEDURE = (
    r"[0-9A-HJ-NP-Z]{7}|[0-9]{4}[0-9A-Z]|[A-Z][0-9]{4}|[A-Z]{5}|[A-Z][0-9]{2}|[A-Z][0-9]{2}\.?[0-9]|[0-9]{2}\.[0-9]{1,2}"
    r"|[A-Z][0-9]{2}\.[0-9]{2}|[0-9]{1,18}"
)
MONEY = r"-?[0-9]+(\.[0-9]{1,2})?"
NUMBER = r"-?[0-9]+(\.[0-9]+)?"
REQUIRED = ("claim_id", "claim_line_number", "claim_type", "payer")
NOTHING = {"NULL", "N/A", "NA", "NONE", "NAN", r"\N", "~", "UNKNOWN", "-", ".", "?"}
COUNTED = ("claim_line_number", "service_unit_quantity", "charge_amount", "paid_amount", "allowed_amount")
NPI_COLUMNS = ("rendering_npi", "billing_npi", "facility_npi")
KEY_COLUMNS = (
    "payer", "data_source", "member_id", "claim_id", "billing_provider_id", "claim_line_number", "claim_frequency_code",
)  # fmt: skip


def text_of(row: Line, column: str) -> str | None:
    """A cell without the spaces around it; None where it is empty or a word that means nothing.

    A code or number that a float wrote (`47384.0`) is without its fraction of zeros; a diagnosis keeps it.
    """
    text = (row.get(column) or "").strip()
    word = "".join(text.split()).upper()
    if not text or word in NOTHING:
        return None
    if column in COUNTED:
        return re.sub(r"\.0+$", "", text) if column == "claim_line_number" else text
    if re.fullmatch(r"0+(\.0*)?", word):
        return None
    if re.fullmatch(r"[0-9]+\.0+", text) and not column.startswith("diagnosis_code_"):
        return text.split(".")[0]
    return text


def day_of(text: str) -> date | None:
    """The day that an ISO date, CCYYMMDD or a timestamp names as written, within the bounds, or None."""
    day, _, time = text.replace("T", " ").partition(" ")
    parts = re.fullmatch("([0-9]{4})-([0-9]{2})-([0-9]{2})|([0-9]{4})([0-9]{2})([0-9]{2})", day)
    if parts is None or (time and not _is_time(time)):
        return None
    try:
        year, month, number = (int(part) for part in parts.groups() if part)
        found = date(year, month, number)
    except ValueError:
        return None
    return found if date(1990, 1, 1) <= found <= date(2199, 12, 31) else None


def _is_time(text: str) -> bool:
    parts = re.fullmatch(r"([0-9]{2}):([0-9]{2})(:[0-9]{2})?(\.[0-9]+)?( ?Z| ?[+-][0-9]{2}:[0-9]{2})?", text)
    return parts is not None and int(parts[1]) < 24 and int(parts[2]) < 60


def amount_of(text: str) -> Decimal | None:
    """An amount of cents, also where a binary float added noise; None where it is no number of two places."""
    if not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)", text):
        return None
    cents = Decimal(text).quantize(Decimal("0.01"))
    return cents if abs(Decimal(text) - cents) <= Decimal("0.000001") else None


def service_columns(row: Line) -> tuple[str, str]:
    """The pair of date columns that counts for a row: the line's own, else the claim's."""
    level = "claim_line" if text_of(row, "claim_line_start_date") else "claim"
    return f"{level}_start_date", f"{level}_end_date"


def _shapes(row: Line) -> dict[str, str]:
    """Column -> the shape that its trimmed, upper-cased value must have."""
    diagnosis = ICD_9 if (text_of(row, "diagnosis_code_type") or "").lower() == "icd-9-cm" else ICD_10
    return {
        "place_of_service_code": r"[0-9]{2}",
        "hcpcs_code": r"[A-Z0-9]{5}",
        "claim_frequency_code": r"[A-Z0-9]",
        "diagnosis_code_type": r"ICD-10-CM|ICD-9-CM",
        "claim_type": r"PROFESSIONAL|INSTITUTIONAL|UNDETERMINED",
        **{f"hcpcs_modifier_{place}": r"[A-Z0-9]{2}" for place in range(1, 6)},
        **{f"diagnosis_code_{place}": diagnosis for place in range(1, 26)},
        **{f"procedure_code_{place}": PROCEDURE for place in range(1, 26)},
    }


def candidate_of(row: Line) -> tuple[str, str] | None:
    """The code by which an accepted row is a candidate, and its column; None where it is not.

    Its own code, else one of its claim, first those that name the service, then the catch-all codes.
    """
    columns = ("hcpcs_code", *(f"procedure_code_{place}" for place in range(1, 26)))
    given = {column: (text_of(row, column) or "").upper() for column in columns}
    given |= {column: code.replace(".", "") for column, code in given.items() if column != "hcpcs_code"}
    found = {
        column: code for column, code in given.items() if code in CODES and (code not in PCS or column in columns[1:])
    }
    for column, code in found.items():
        if CODES[code].specific:
            return code, column
    procedures = [given[column] for column in columns[1:]]
    for code, members in OPCS.items():
        if all(member in procedures for member in members):
            return code, next(column for column in columns[1:] if given[column] == members[0])
    return next(((code, column) for column, code in found.items()), None)


def _date_faults(row: Line, as_of: date) -> set[tuple[str, str]]:
    """What is wrong with the dates; how the pair that counts agrees is reported of the line's own columns."""
    faults = set()
    for column in ("claim_line_start_date", "claim_line_end_date", "claim_start_date", "claim_end_date"):
        text = text_of(row, column)
        if text is not None and day_of(text) is None:
            faults.add((column, "unparseable"))
    start_text, end_text = (text_of(row, column) for column in service_columns(row))
    if start_text is None:
        return faults | {("claim_line_start_date", "missing")}
    start = day_of(start_text)
    end = day_of(end_text) if end_text else start
    if start and start > as_of:
        faults.add(("claim_line_start_date", "after-as-of"))
    if end_text and end and end > as_of:
        faults.add(("claim_line_end_date", "after-as-of"))
    if start and end and end < start:
        faults.add(("claim_line_end_date", "before-start"))
    return faults


def _number_faults(row: Line) -> set[tuple[str, str]]:
    """What is wrong with the line number, the units and the charge."""
    faults = set()
    number = text_of(row, "claim_line_number")
    if number is not None and not re.fullmatch(r"[0-9]+", number):
        faults.add(("claim_line_number", "unparseable"))
    elif number is not None and int(number) < 1:
        faults.add(("claim_line_number", "range"))
    units, charge = text_of(row, "service_unit_quantity"), text_of(row, "charge_amount")
    if units is not None and not re.fullmatch(NUMBER, units):
        faults.add(("service_unit_quantity", "unparseable"))
    if charge is not None and amount_of(charge) is None:
        faults.add(("charge_amount", "unparseable"))
    return faults


def check_line(row: Line, as_of: date) -> set[tuple[str, str]]:
    """Every fault of one row of text, as (column, fault). An empty set means that the row is accepted."""
    faults = {(column, "missing") for column in REQUIRED if text_of(row, column) is None}
    if text_of(row, "member_id") is None and text_of(row, "person_id") is None:
        faults.add(("member_id", "missing"))
    if len(text_of(row, "claim_id") or "") > 80:
        faults.add(("claim_id", "length"))
    for column in ("claim_id", "member_id", "person_id", "group_id", "original_claim_id"):
        if re.fullmatch(r"[0-9](\.[0-9]+)?E[+-]?[0-9]{1,2}", (text_of(row, column) or "").upper()):
            faults.add((column, "exponent"))
        if text_of(row, column) in {"#REF!", "#VALUE!", "#NAME?", "#NUM!", "#DIV/0!"}:
            faults.add((column, "spreadsheet-error"))
    for column, shape in _shapes(row).items():
        value = text_of(row, column)
        if value is not None and not re.fullmatch(shape, value.upper()):
            faults.add((column, "shape"))
    return faults | _number_faults(row) | _date_faults(row, as_of)


def is_accepted(row: Line, as_of: date) -> bool:
    """Whether a row passes every check that looks at it alone."""
    return not check_line(row, as_of)


def repeated_keys(rows: Iterable[Line]) -> dict[int, int]:
    """The rows whose key an earlier row has, and the first of each; a row that lacks a part of the key has none."""
    seen: dict[tuple[str | None, ...], int] = {}
    repeated: dict[int, int] = {}
    for position, row in enumerate(rows):
        parts = {column: text_of(row, column) for column in KEY_COLUMNS}
        parts["payer"] = parts["payer"] and (payer_of(parts["payer"]) or squeezed(parts["payer"]))
        parts["member_id"] = parts["member_id"] or text_of(row, "person_id")
        for optional in ("data_source", "billing_provider_id"):
            parts[optional] = parts[optional] or ""
        parts["claim_frequency_code"] = (parts["claim_frequency_code"] or "1").upper()
        if re.fullmatch(r"[0-9]+", parts["claim_line_number"] or ""):
            parts["claim_line_number"] = str(int(parts["claim_line_number"] or ""))
        key = tuple(parts.values())
        if None in key:
            continue
        if key in seen:
            repeated[position] = seen[key]
        seen.setdefault(key, position)
    return repeated


def warnings_of(row: Line) -> set[str]:
    """The columns that keep a row and are counted.

    They are a malformed NPI, an unknown line of business, zero units, and a paid or allowed amount that is no number.
    """
    warned = set()
    for column in NPI_COLUMNS:
        npi = text_of(row, column)
        if npi is not None and not (re.fullmatch(r"[0-9]{10}", npi) and has_right_check_digit(npi)):
            warned.add(column)
    for column in ("paid_amount", "allowed_amount"):
        amount = text_of(row, column)
        if amount is not None and not re.fullmatch(NUMBER, amount):
            warned.add(column)
    line_of_business = text_of(row, "line_of_business")
    if line_of_business is not None and _one_of(PROGRAM_NAMES, line_of_business) is None:
        warned.add("line_of_business")
    units = text_of(row, "service_unit_quantity")
    if units is not None and re.fullmatch(NUMBER, units) and float(units) == 0:
        warned.add("service_unit_quantity")
    return warned


def has_right_check_digit(npi: str) -> bool:
    """Luhn (ISO/IEC 7812) over the NPI with its issuer prefix 80840."""
    digits = [int(digit) for digit in reversed("80840" + npi)]
    doubled = [digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(digits)]
    return sum(doubled) % 10 == 0


def canonical(row: Line) -> dict[str, Any]:
    """An accepted row of text as the candidate line that the edits read."""
    line: dict[str, Any] = {column: text_of(row, column) for column in row}
    start_column, end_column = service_columns(row)
    line["member_id"] = line.get("member_id") or line.get("person_id")
    line["claim_line_number"] = int(line["claim_line_number"])
    line["service_start_date"] = day_of(line[start_column])
    line["service_end_date"] = day_of(line.get(end_column) or line[start_column])
    line["claim_frequency_code"] = line.get("claim_frequency_code") or "1"
    line["diagnosis_code_type"] = (line.get("diagnosis_code_type") or "icd-10-cm").lower()
    for column in ("hcpcs_code", "claim_filing_indicator_code", "condition_codes"):
        line[column] = (line.get(column) or "").upper() or None
    for place in range(1, 6):
        line[f"hcpcs_modifier_{place}"] = (line.get(f"hcpcs_modifier_{place}") or "").upper() or None
    for place in range(1, 26):
        code = line.get(f"diagnosis_code_{place}") or ""
        line[f"diagnosis_code_{place}"] = code.upper().replace(".", "") or None
    return line
