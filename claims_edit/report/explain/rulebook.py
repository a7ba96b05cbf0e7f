"""The rules behind a line, assembled once for each policy version, site and liability.

Equal parts of explanations are the same object, so that a report on many lines can store each of them once.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from claims_edit.edits.coverage import contract_excludes
from claims_edit.policy.catalog import Citations, versions_of
from claims_edit.report.explain.documents import Documents
from claims_edit.report.explain.group_codes import BEARERS
from claims_edit.rule_files.found_drafts import FoundDraft
from claims_edit.rule_files.policies import VersionAsIfInForce, program_rules_of, stale_after

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator

    from claims_edit.policy import Catalog
    from claims_edit.policy.pack import CitedDate, EvidenceFile, Policy, ProcedureCode, Reason, SiteGuidance, Version

Part = dict[str, Any]
Place = tuple[str, str | None]  # a service and a site class
_Made = TypeVar("_Made")


class Rulebook:
    """Looks up the rules behind decision rows in one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        """Start with an empty cache."""
        pack = catalog.pack
        self.pack = pack
        self.cited = Citations(pack)
        self.codes: dict[str, tuple[str, ProcedureCode]] = {
            code.code: (file.service, code) for file in pack.codes.values() for code in file.every_code
        }
        self.versions: dict[tuple[str, str, str], tuple[Policy, Version]] = {
            (policy.payer, policy.id, version.id): (policy, version) for policy, version in versions_of(pack)
        }
        self.policies: dict[tuple[str, str], list[Policy]] = {}
        for policy in sorted(pack.policies.values(), key=lambda policy: (policy.rank, policy.timeline)):
            self.policies.setdefault((policy.payer, policy.service), []).append(policy)
        self.reasons: dict[str, Reason] = {reason.edit: reason for reason in pack.reasons.reasons}
        self.programs = pack.programs.programs
        self._documents = Documents(pack)
        self._parts: dict[tuple[Any, ...], Any] = {}

    @cached_property
    def _publishers(self) -> dict[str, tuple[str, str]]:
        pack = self.pack
        homes = (*pack.policies.values(), *pack.guidance.values(), *pack.evidence.values(), *pack.codes.values())
        return {document.id: (document.title, document.publisher) for home in homes for document in home.documents}

    def in_force(self, row: Part) -> tuple[Policy, Version] | None:
        """The policy version of the line; None where none was in force (or the pack lacks it)."""
        return self.versions.get((row["payer"], row["policy_id"], row["policy_version"]))

    def procedure(self, row: Part) -> ProcedureCode | None:
        """The rules on the line's code."""
        _, code = self.codes.get(row["hcpcs_code"], ("", None))
        return code

    def citation(self, row: Part) -> str | None:
        """The source of the decision, without another payer's document."""
        code, payer = self.procedure(row), row["payer"]
        shown = {
            f"{entry.id}: {self.cited.text(entry.out_from.cite)}": f"{entry.id}: {text}"
            for _, entry, text in self._entries(row)
        }
        if code is not None:
            shown[self.cited.code_text(code)] = self._documents.of_code(code, payer)
        given: str | None = row["citation"]
        return given if given is None else shown.get(given, given)

    def policy_of(self, row: Part) -> Policy | None:
        """The payer's policy on the line's service and program, whether or not a version of it was in force.

        Of several, the one that decides the line, else the first in their order.
        """
        held = self.policies_of(row)
        return next((policy for policy in held if policy.id == row["policy_id"]), held[0] if held else None)

    def policies_of(self, row: Part) -> list[Policy]:
        """Every policy of the payer on the line's service, as it holds for the line's program; first in order first."""
        service, _ = self.codes.get(row["hcpcs_code"], ("", None))
        held = self.policies.get((row["payer"], service), [])
        own = {policy.id for policy in held if row["program"] in policy.timeline_programs}
        return [
            policy
            for policy in held
            if row["program"] in policy.timeline_programs or not (policy.timeline_programs or policy.id in own)
        ]

    def code(self, row: Part) -> Part | None:
        """The line's procedure code: `code, label, kind, valid_from, valid_until, citation`."""
        code, payer = self.procedure(row), row["payer"]
        return None if code is None else self._kept(("code", code.code, payer), lambda: self._code(code, payer))

    def _code(self, code: ProcedureCode, payer: str | None) -> Part:
        return {
            "code": code.code,
            "label": code.label,
            "kind": code.kind.value,
            "valid_from": _iso(code.valid_from),
            "valid_until": _iso(code.valid_until),
            "citation": self._documents.of_code(code, payer),
        }

    def site(self, row: Part) -> Part | None:
        """The line's tumor site: `site_class, label`; None without a usable diagnosis."""
        name = row["site_class"]
        if name is None:
            return None
        known = self.pack.tumor_sites.site_classes.get(name)
        return {"site_class": name, "label": known.label if known else "No malignant solid tumor"}

    def policy(self, row: Part) -> Part | None:
        """The version in force, with the documents behind it (the keys are listed in `explained`)."""
        found = self.in_force(row)
        if found is None:
            return None
        return self._kept(
            ("policy", row["payer"], row["policy_id"], row["policy_version"]), lambda: self._policy(*found)
        )

    def _policy(self, policy: Policy, version: Version) -> Part:
        text = self.cited.text
        stale = stale_after(version)
        return {
            "id": policy.id,
            "title": policy.title,
            "reference": policy.reference,
            "kind": policy.kind.value,
            "payer": policy.payer,
            "version": version.id,
            "in_force_from": version.from_.date.isoformat(),
            "as_if_in_force": isinstance(version, VersionAsIfInForce),
            "unverified": isinstance(policy, FoundDraft),
            "in_force_from_citation": text(version.from_.cite),
            "in_force_until": _iso(version.until),
            "statement": version.statement.says,
            "statement_scope": version.statement.scope.value,
            "statement_citation": text(version.statement.cite),
            "codes_listed": list(version.codes.listed),
            "codes_citation": text(version.codes.cite),
            "reviewed": _iso(version.reviewed),
            "reviewed_citation": self.cited.text_or_none(version.reviewed.cite if version.reviewed else None),
            "next_review": _iso(version.next_review),
            "next_review_citation": self.cited.text_or_none(version.next_review.cite if version.next_review else None),
            "stale_after": stale.isoformat() if stale else None,
            "documents": [{"title": each.title, "publisher": each.publisher} for each in policy.documents],
        }

    def program_rule(self, row: Part) -> Part | None:
        """The version's rule on the line's program; None if there is no program, or the version does not address it."""
        found = self.in_force(row)
        if found is None or row["program"] is None:
            return None
        key = ("program", row["payer"], row["policy_id"], row["policy_version"], row["program"])
        return self._kept(key, lambda: self.rule_for(found[1], row["program"]))

    def rule_for(self, version: Version, program: str) -> Part | None:
        """A version's rule on a program."""
        rule, cite = program_rules_of(version).get(program, (None, None))
        if rule is None or cite is None:
            return None
        excepted = version.exceptions.get(program)
        says = excepted.says if excepted else version.applies_to.says
        return {"program": program, "rule": rule.value, "says": says, "citation": self.cited.text(cite)}

    def liability(self, row: Part) -> Part | None:
        """Who is liable for the amount, and the source; None where the line has no group code."""
        if row["group_code"] is None:
            return None
        basis = row["liability_basis"]
        cited = row["citation"] if basis == "contract" else None
        version = (row["payer"], row["policy_id"], row["policy_version"])
        key = ("liability", *version, row["group_code"], row["reason_code"], cited)
        return self._kept(key, lambda: self._liability(row, basis))

    def _liability(self, row: Part, basis: str) -> Part:
        found = self.in_force(row)
        own = found[1].liability if found else None
        group_code = row["group_code"]
        if basis == "contract":
            says, citation = f"The contract file names {group_code} for this exclusion.", row["citation"]
        elif basis == "policy" and own is not None:
            says, citation = own.says, self.cited.text(own.cite)
        elif basis == "policy":
            says, citation = "Stated in the policy.", row["citation"]
        else:
            says = _default_words(row, group_code, contract_is_silent=row["reason_code"] == contract_excludes.id)
            citation = "rules/reasons.yaml"
        bearer = BEARERS.get(group_code, "")
        return {"group_code": group_code, "bearer": bearer, "basis": basis, "says": says, "citation": citation}

    def guidance(self, row: Part) -> list[Part]:
        """The recommendations on the line's site published by the start date, oldest first."""
        start = row["service_start_date"]
        out = [each for each in self._entries(row) if start is not None and each[1].out_from.date <= start]
        return self._kept(
            ("guidance", *self._place(row), row["payer"], len(out)),
            lambda: [
                {
                    "id": entry.id,
                    "publisher": publisher,
                    "says": entry.says,
                    "out_from": entry.out_from.date.isoformat(),
                    "citation": citation,
                    "in_force": place == len(out) - 1,
                }
                for place, (publisher, entry, citation) in enumerate(out)
            ],
        )

    def _entries(self, row: Part) -> list[tuple[str, SiteGuidance, str]]:
        """The guidance on the line's site, oldest first: publisher, entry and the citation to show."""
        place, payer = self._place(row), row["payer"]
        return self._kept(("entries", *place, payer), lambda: sorted(self._guidance(place, payer), key=_published))

    def _guidance(self, place: Place, payer: str | None) -> Iterator[tuple[str, SiteGuidance, str]]:
        for file in self.pack.guidance.values():
            for entry in file.guidance:
                if (entry.service, entry.site_class) == place:
                    yield file.publisher, entry, self._documents.of_guidance(entry, file.publisher, payer)

    def evidence(self, row: Part) -> list[Part]:
        """The studies on the line's site, by the document that describes them, the payer's own documents first.

        A document of the payer is included with its conclusion even if none of its studies is on the site; another
        payer's document never is.
        """
        policy = self.in_force(row)
        key = ("evidence", policy[0].id if policy else None, row["payer"], *self._place(row))
        return self._kept(key, lambda: list(self._evidence(policy[0] if policy else None, row)))

    def _evidence(self, policy: Policy | None, row: Part) -> Iterator[Part]:
        service, site = self._place(row)
        payer, own = row["payer"], set[str]()
        if policy is not None:
            payer, own = policy.payer, {document.id for document in policy.documents}
        files = [
            file
            for _, file in sorted(self.pack.evidence.items())
            if file.service == service and self._documents.may_show(file.summarises, payer)
        ]
        for file in sorted(files, key=lambda file: file.summarises not in own):
            studies, on_site = self._studies(file, site), self._on_site(file, site)
            if studies or on_site or file.summarises in own:
                title, publisher = self._publishers.get(file.summarises, (file.summarises, ""))
                yield {
                    "document": title,
                    "publisher": publisher,
                    "of_payer": file.summarises in own,
                    "conclusion": file.conclusion,
                    "citation": self.cited.text(file.cite),
                    "on_site": on_site,
                    "studies": studies,
                }

    def _on_site(self, file: EvidenceFile, site: str | None) -> Part | None:
        """The document's conclusion for the site alone, if it has one."""
        found = next((entry for entry in file.by_site if site in entry.site_classes), None)
        if found is None:
            return None
        return {"conclusion": found.conclusion, "citation": self.cited.text(found.cite)}

    def _studies(self, file: EvidenceFile, site: str | None) -> list[Part]:
        return [
            {
                "reference": study.reference,
                "design": study.design,
                "n": study.n,
                "follow_up": study.follow_up,
                "figures": list(study.figures),
                "conclusion": study.conclusion,
                "citation": self.cited.text(study.cite),
            }
            for study in file.studies
            if site in study.site_classes
        ]

    def evidence_note(self, row: Part) -> str | None:
        """Why there is no study, if there is none."""
        if row["site_class"] is None:
            return "The line has no usable diagnosis, so no study can be chosen by tumor site."
        if any(document["studies"] for document in self.evidence(row)):
            return None
        return "No study in the available documents is about this site."

    def _place(self, row: Part) -> Place:
        service, _ = self.codes.get(row["hcpcs_code"], ("", None))
        return service, row["site_class"]

    def _kept(self, key: tuple[Any, ...], make: Callable[[], _Made]) -> _Made:
        """The cached value of the key; keys begin with their purpose, so that types agree."""
        if key not in self._parts:
            self._parts[key] = make()
        made: _Made = self._parts[key]
        return made


def _published(each: tuple[str, SiteGuidance, str]) -> tuple[dt.date, str]:
    return each[1].out_from.date, each[1].id


def _iso(cited: CitedDate | None) -> str | None:
    return None if cited is None else cited.date.isoformat()


def _default_words(row: Part, group_code: str, *, contract_is_silent: bool) -> str:
    if row["disposition"] == "return":
        return f"A returned line is the provider's responsibility: {group_code} by the rules' default."
    silent = "Neither the contract nor the policy states" if contract_is_silent else "The policy does not state"
    return f"{silent} who is liable for the amount: {group_code} by the rules' default."
