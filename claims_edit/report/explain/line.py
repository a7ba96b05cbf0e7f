"""One decided line with the rules around it: what the sentences of an explanation are made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from claims_edit.edits.notes import policy_stale
from claims_edit.model import EDIT_IDS, Disposition, ProgramRule, StalePolicy
from claims_edit.report.explain.words import days, listed
from claims_edit.rule_files.policies import program_rules_of

if TYPE_CHECKING:
    import datetime as dt

    from claims_edit.policy.pack import Policy, ProcedureCode, Version
    from claims_edit.report.explain.rulebook import Rulebook

STALE = policy_stale.id


@dataclass(frozen=True)
class Line:
    """A decision row, the facts that it was decided on where they are at hand, and the rules of the run.

    Attributes:
        row: a row of `decisions`.
        known: the line's row of `engine.facts`, and `revised_by` (claims that replace or void it); None if not at hand.
        book: the rules of the run.
        manifest: of the run.
    """

    row: dict[str, Any]
    known: dict[str, Any] | None
    book: Rulebook
    manifest: dict[str, Any]

    @property
    def facts(self) -> dict[str, Any]:
        """What is `known`.

        Raises:
            ValueError: it is not at hand.
        """
        if self.known is None:
            raise ValueError("why an edit did not hit is told from the facts of the line, which are not given")
        return self.known

    @cached_property
    def in_force(self) -> tuple[Policy, Version] | None:
        """The policy version that the line was held to."""
        return self.book.in_force(self.row)

    @property
    def version(self) -> Version | None:
        """The same, without its policy."""
        return self.in_force[1] if self.in_force else None

    @property
    def code(self) -> str:
        """The procedure code."""
        return str(self.row["hcpcs_code"])

    @property
    def procedure(self) -> ProcedureCode | None:
        """What the rules know of the code."""
        return self.book.codes.get(self.code, ("", None))[1]

    @property
    def start(self) -> dt.date:
        """The first service day."""
        day: dt.date = self.row["service_start_date"]
        return day

    @property
    def end(self) -> dt.date:
        """The last service day."""
        day: dt.date = self.row["service_end_date"] or self.start
        return day

    @property
    def days(self) -> str:
        """The service days, in words."""
        return days(self.start, self.end)

    @property
    def version_name(self) -> str:
        """The version in force, in words."""
        return f"version {self.row['policy_version']} of {self.row['policy_id']}"

    @property
    def had_contracts(self) -> bool:
        """Whether the run had a contracts file."""
        return bool(self.manifest.get("options", {}).get("contracts"))

    @property
    def then(self) -> str:
        """What follows once the primary edit does not hit, as far as the line's other facts stay as they are."""
        return self.without(self.row["reason_code"])

    def without(self, *edits: str) -> str:
        """What follows once none of these hits: the next edit that did, informational ones aside."""
        rest = [edit for edit in self.row["edits"] if edit in EDIT_IDS and edit not in edits]
        return self.outcome(rest[0]) if rest else "the line is decided anew"

    def with_edit(self, edit: str) -> str:
        """What follows once the primary edit does not hit and this one does, as far as the other facts stay."""
        rest = [each for each in self.row["edits"] if each in EDIT_IDS and each != self.row["reason_code"]]
        return self.outcome(min([*rest, edit], key=EDIT_IDS.index))

    def outcome(self, edit: str) -> str:
        """What an edit of the decision table leads to on this line's start date, in words."""
        reason = self.book.reasons.get(edit)
        if reason is None or reason.disposition is None:
            return f"{edit} decides"
        if reason.disposition is Disposition.DENY and self.is_suspended:
            return f"{STALE} decides ({Disposition.REVIEW})"
        return f"{edit} decides ({reason.disposition})"

    @property
    def is_suspended(self) -> bool:
        """Whether the run suspends what it would deny, as the policy is past its review."""
        return self.manifest.get("options", {}).get("stale_policy") == StalePolicy.REVIEW and STALE in self.row["edits"]

    @property
    def other_programs(self) -> str:
        """What the version does with programs that it does not apply to; empty where it names none."""
        if self.version is None:
            return ""
        rules = program_rules_of(self.version)
        told = [
            f"{listed(programs, 'or')} would be {verb}"
            for wanted, verb in ((ProgramRule.REFER, "referred"), (ProgramRule.REVIEW, "reviewed"))
            if (programs := sorted(program for program, (rule, _) in rules.items() if rule is wanted))
        ]
        return "; ".join([*told, "a program that the policy does not name would be reviewed"])

    @property
    def programs(self) -> list[str]:
        """The programs that the version applies to."""
        rules = program_rules_of(self.version) if self.version else {}
        return sorted(program for program, (rule, _) in rules.items() if rule is ProgramRule.APPLIES)
