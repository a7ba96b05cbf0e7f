"""Whose documents an explanation may show: the payer's own, and those of no payer, such as clinical guidance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.model import PolicyKind
from claims_edit.policy.catalog import Citations

if TYPE_CHECKING:
    from claims_edit.policy.pack import ProcedureCode, RulePack, SiteGuidance


class Documents:
    """The documents of a rule pack, by owner: a funding policy's documents are its payer's, all others are nobody's.

    An explanation leaves the house, and another payer's policy is neither its ground nor its business. Where the rules
    have a fact from one (when a code became valid, when guidance was published), the explanation cites the code table
    or the guidance; the decision's `citation`, and the rules, keep the document.
    """

    def __init__(self, pack: RulePack) -> None:
        """Read the owners."""
        self._cited = Citations(pack)
        self._owners: dict[str, set[str]] = {}
        for policy in pack.policies.values():
            for document in policy.documents if policy.kind is PolicyKind.FUNDING else ():
                self._owners.setdefault(document.id, set()).add(policy.payer)
        self._tables = {code.code: path for path, file in pack.codes.items() for code in file.every_code}

    def may_show(self, document: str, payer: str | None) -> bool:
        """Whether a document is the payer's own, or nobody's."""
        return document not in self._owners or payer in self._owners[document]

    def of_code(self, code: ProcedureCode, payer: str | None) -> str:
        """The citation of a code's validity; the code table where it is from another payer's document."""
        days = [day.cite for day in (code.valid_from, code.valid_until) if day is not None] or [code.cite]
        if all(self.may_show(cite.document, payer) for cite in days):
            return self._cited.code_text(code)
        return f"rules/{self._tables[code.code]}, {code.code}"

    def of_guidance(self, entry: SiteGuidance, publisher: str, payer: str | None) -> str:
        """The citation of the day guidance was published; its name where that is from another payer's document."""
        cite = entry.out_from.cite
        if self.may_show(cite.document, payer):
            return self._cited.text(cite)
        return f"{publisher}, {entry.id} ({cite.date})"
