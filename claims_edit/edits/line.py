"""One decided line with its rules: the input of the edits' texts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from claims_edit.doubts import OF_CLAIM
from claims_edit.edits.phrases import days, listed
from claims_edit.model import HCPCS_LENGTH, LINE_CODE, Disposition, ProgramRule
from claims_edit.rule_files.policies import program_rules_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from claims_edit.rule_files.policies import Policy, Version
    from claims_edit.rule_files.tables import ProcedureCode, ProgramSigns, Reason

Row = dict[str, Any]


class Rules(Protocol):
    """What the texts need from a rule pack; a row is one of `decisions`."""

    @property
    def reasons(self) -> Mapping[str, Reason]:
        """The reason of each edit, in the order of the decision table."""

    @property
    def programs(self) -> Mapping[str, ProgramSigns]:
        """Each program."""

    def procedure(self, row: Row) -> ProcedureCode | None:
        """The rules on the line's code."""

    def policy_of(self, row: Row) -> Policy | None:
        """The payer's policy on the line's service, whether or not a version of it was in force."""

    def policies_of(self, row: Row) -> Sequence[Policy]:
        """Every policy of the payer on the line's service, as it holds for the line's program."""

    def in_force(self, row: Row) -> tuple[Policy, Version] | None:
        """The policy version of the line."""

    def code(self, row: Row) -> Row | None:
        """The line's code: `valid_from, valid_until, citation` and more."""

    def program_rule(self, row: Row) -> Row | None:
        """The version's rule on the line's program: `says, citation` and more."""

    def guidance(self, row: Row) -> Sequence[Row]:
        """The guidance on the line's site published by the start date: `id, in_force` and more."""


def is_of_claim(row: Row) -> bool:
    """Whether the code of a decision is a procedure of the claim: ICD-10-PCS, OPCS-4, or a HCPCS code in doubt."""
    return len(row[LINE_CODE]) != HCPCS_LENGTH or OF_CLAIM in (row.get("doubts") or "")


@dataclass(frozen=True)
class Line:
    """A decision row, the facts behind it if available, and the rules of the run.

    Attributes:
        row: a row of `decisions`.
        known: the line's row of `engine.facts`, and `revised_by` (claims that replace or void it), or None.
        rules: of the run.
        had_contracts: whether the run had a contracts file.
        suspended_by: the note by which the run suspends a denial of this line; None where it does not.
    """

    row: Row
    known: Row | None
    rules: Rules
    had_contracts: bool
    suspended_by: str | None

    @property
    def facts(self) -> Row:
        """The facts behind the decision.

        Raises:
            ValueError: they are not available.
        """
        if self.known is None:
            raise ValueError("the reason for an edit not triggered needs the facts of the line, which are not given")
        return self.known

    @cached_property
    def in_force(self) -> tuple[Policy, Version] | None:
        """The policy version of the line."""
        return self.rules.in_force(self.row)

    @property
    def version(self) -> Version | None:
        """The same, without its policy."""
        return self.in_force[1] if self.in_force else None

    @property
    def policy(self) -> Policy | None:
        """The payer's policy on the line's service, whether or not a version of it was in force."""
        return self.rules.policy_of(self.row)

    @property
    def policies(self) -> Sequence[Policy]:
        """Every policy of the payer on the line's service, as it holds for the line's program."""
        return self.rules.policies_of(self.row)

    @property
    def is_of_claim(self) -> bool:
        """Whether its code is a procedure of the claim as a whole."""
        return is_of_claim(self.row)

    def lists(self, code: str) -> bool:
        """Whether the version in force lists a code."""
        return self.version is not None and code in self.version.codes.listed

    @property
    def code(self) -> str:
        """The procedure code."""
        return str(self.row["hcpcs_code"])

    @property
    def procedure(self) -> ProcedureCode | None:
        """The rules on the code; a line gives no other code of the service, as no text may propose one."""
        return self.rules.procedure(self.row)

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
        """The dates of service, in words."""
        return days(self.start, self.end)

    @property
    def version_name(self) -> str:
        """The version in force, in words."""
        return f"version {self.row['policy_version']} of {self.row['policy_id']}"

    @property
    def deciding(self) -> list[str]:
        """The edits triggered, in order, without informational ones."""
        return [edit for edit in self.row["edits"] if self._disposition(edit) is not None]

    def _disposition(self, edit: str) -> Disposition | None:
        reason = self.rules.reasons.get(edit)
        return reason.disposition if reason else None

    @property
    def then(self) -> str:
        """The outcome without the primary edit, if the line's other facts stay the same."""
        return self.without(self.row["reason_code"])

    def without(self, edit: str) -> str:
        """The outcome without the edit: that of the next edit triggered, informational ones aside."""
        rest = [each for each in self.deciding if each != edit]
        return self.outcome(rest[0]) if rest else "the line is decided again"

    def with_edit(self, edit: str) -> str:
        """The outcome with this edit in place of the primary one, if the other facts stay the same."""
        rest = [each for each in self.deciding if each != self.row["reason_code"]]
        return self.outcome(min([*rest, edit], key=list(self.rules.reasons).index))

    def outcome(self, edit: str) -> str:
        """The outcome of an edit on this line's start date, in words."""
        disposition = self._disposition(edit)
        if disposition is None:
            return f"{edit} decides"
        if disposition is Disposition.DENY and self.suspended_by:
            return f"{self.suspended_by} decides ({Disposition.REVIEW})"
        return f"{edit} decides ({disposition})"

    @property
    def other_programs(self) -> str:
        """The version's rules on programs that it does not apply to; empty where it names none."""
        if self.version is None:
            return ""
        rules = program_rules_of(self.version)
        others = [
            f"{listed(programs, 'or')} would be {verb}"
            for wanted, verb in ((ProgramRule.REFER, "referred"), (ProgramRule.REVIEW, "reviewed"))
            if (programs := sorted(program for program, (rule, _) in rules.items() if rule is wanted))
        ]
        return "; ".join([*others, "a program that the policy does not name would be reviewed"])

    @property
    def programs(self) -> list[str]:
        """The programs that the version applies to."""
        rules = program_rules_of(self.version) if self.version else {}
        return sorted(program for program, (rule, _) in rules.items() if rule is ProgramRule.APPLIES)
