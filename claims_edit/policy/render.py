"""The rules as plain tables for people: the list of policies, one policy with its citations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims_edit.errors import UsageError
from claims_edit.model import VersionStatus
from claims_edit.policy.catalog import Citations, versions_of
from claims_edit.policy.lifecycle import enforced
from claims_edit.rule_files.found_drafts import FoundDraft
from claims_edit.rule_files.policies import program_rules_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from claims_edit.policy.pack import CitedDate, EvidenceFile, Policy, RulePack, Version
    from claims_edit.rule_files.policies import Criterion
    from claims_edit.rule_files.values import Citation

_Row = dict[str, str]


@dataclass(frozen=True)
class RulesTable:
    """A title and rows of text; every row has the same columns, in the same order."""

    title: str
    rows: tuple[_Row, ...]


def policy_list(pack: RulePack) -> RulesTable:
    """Every policy: id, payer, service, kind, versions, last review, next review."""
    policies = {policy.id: policy for policy, _ in versions_of(pack)}
    return RulesTable("Policies", tuple(_policy_row(policy) for policy in policies.values()))


def draft_list(pack: RulePack) -> RulesTable:
    """Every found draft: id, payer, service, first days, its pages and the day each was seen, open questions."""
    rows = (
        {
            "draft": policy.id,
            "payer": policy.payer,
            "service": policy.service,
            "status": policy.found.status,
            "versions": ", ".join(version.id for version in policy.versions),
            "seen": "; ".join(f"{page.day} {page.url}" for page in policy.found.seen),
            "open questions": str(len(policy.found.open_questions)),
        }
        for policy in _drafts_of(pack)
    )
    return RulesTable("Found drafts: never enforced, only in shadow runs", tuple(rows))


def draft_tables(pack: RulePack, policy_id: str) -> list[RulesTable]:
    """One found draft as a policy, then its pages and its open questions; nothing where no draft has the id."""
    for policy in _drafts_of(pack):
        if policy.id == policy_id:
            pages = tuple({"seen": str(page.day), "page": page.url, "what": page.what} for page in policy.found.seen)
            questions = tuple({"open question": each} for each in policy.found.open_questions)
            found = RulesTable(f"Found draft, {policy.found.status}: never enforced", pages)
            return [found, RulesTable("Open questions", questions), *policy_tables(pack, policy_id)]
    return []


def _drafts_of(pack: RulePack) -> Iterator[FoundDraft]:
    return (policy for _, policy in sorted(pack.policies.items()) if isinstance(policy, FoundDraft))


def _policy_row(policy: Policy) -> _Row:
    latest = (enforced(policy) or policy.versions)[-1]
    return {
        "policy": policy.id,
        "payer": policy.payer,
        "service": policy.service,
        "kind": policy.kind.value,
        "versions": ", ".join(_version(version) for version in policy.versions),
        "reviewed": _day(latest.reviewed),
        "next review": _day(latest.next_review),
    }


def _version(version: Version) -> str:
    return version.id if version.status is VersionStatus.FINAL else f"{version.id} {version.status}"


def _day(cited: CitedDate | None) -> str:
    return "" if cited is None else cited.date.isoformat()


def policy_tables(pack: RulePack, policy_id: str) -> list[RulesTable]:
    """One policy, version by version, each value with its citation, then the studies behind its documents.

    A document's conclusions by tumor site are in a separate table after its studies.

    Raises:
        UsageError: if no policy has the id.
    """
    for policy in pack.policies.values():
        if policy.id == policy_id:
            text = Citations(pack).text
            versions = [RulesTable(_version_title(policy, v), tuple(_version_rows(v, text))) for v in policy.versions]
            before = policy.before_first_version
            cited = text(before.cite) if before.cite else ""
            scope = tuple(_precedence(policy, text))
            row = {"what": "before the first version", "value": before.was.replace("_", " "), "citation": cited}
            history = RulesTable("Before the first version", (row,))
            among = [RulesTable("Among the payer's policies on the service", scope)] if scope else []
            return [
                RulesTable("Policy", (_policy_row(policy),)),
                *among,
                history,
                *versions,
                *_evidence(pack, policy, text),
            ]
    known = ", ".join(sorted(policy.id for policy in pack.policies.values()))
    raise UsageError(f"{policy_id}: is not a valid policy id. Use one of {known}.")


def _precedence(policy: Policy, text: Callable[[Citation], str]) -> Iterator[_Row]:
    """The order and the scope of a policy beside others of its payer; nothing where it has neither."""
    if policy.order or policy.is_default:
        value = str(policy.order or "") + (" after all other policies" if policy.is_default else "")
        yield {"what": "order", "value": value.strip(), "citation": ""}
    for kind in ("sites", "codes", "programs") if policy.scope else ():
        if named := getattr(policy.scope, kind):
            cited = text(policy.scope.cite) if policy.scope else ""
            yield {"what": f"scope: {kind}", "value": ", ".join(named), "citation": cited}


def _version_title(policy: Policy, version: Version) -> str:
    until = f"until {version.until.date}" if version.until else "no end date"
    return f"{policy.title} ({policy.reference}): version {version.id}, {version.status}, {until}"


def _version_rows(version: Version, text: Callable[[Citation], str]) -> Iterator[_Row]:
    def row(what: str, value: str, cite: Citation) -> _Row:
        return {"what": what, "value": value, "citation": text(cite)}

    if version.edition:
        held = ", ".join((*version.edition.payers, *version.edition.programs))
        yield row(f"edition {version.edition.name}: {held}", version.edition.says, version.edition.cite)
    yield row("in force from", version.from_.date.isoformat(), version.from_.cite)
    if version.until:
        yield row("in force until", version.until.date.isoformat(), version.until.cite)
    yield from _approval_rows(version)
    statement = version.statement
    positions = ", ".join(position.replace("_", " ") for position in statement.position)
    yield row(f"statement ({statement.scope.value}): {positions}", statement.says, statement.cite)
    of_class = f" (of {version.codes.of_class})" if version.codes.of_class else ""
    yield row(f"codes{of_class}", ", ".join(version.codes.listed) or "none", version.codes.cite)
    for criterion in version.criteria.all_of if version.criteria else ():
        yield row(f"criterion ({_checked_by(criterion)})", criterion.says, criterion.cite)
    for program, (rule, cite) in sorted(program_rules_of(version).items()):
        excepted = version.exceptions.get(program)
        says = excepted.says if excepted else version.applies_to.says
        yield row(f"program {program}", f"{rule.value}: {says}", cite)
    for what, cited in (("reviewed", version.reviewed), ("next review", version.next_review)):
        if cited:
            yield row(what, cited.date.isoformat(), cited.cite)
    if version.liability:
        yield row(f"liability {version.liability.group_code}", version.liability.says, version.liability.cite)
    for entry in version.history:
        yield row(f"history {entry.date}", entry.change, entry.cite)


def _approval_rows(version: Version) -> Iterator[_Row]:
    if version.approved:
        value = f"{version.approved.on}, by {version.approved.by}: {version.approved.minutes}"
        yield {"what": "approved", "value": value, "citation": ""}


def _checked_by(criterion: Criterion) -> str:
    """The value of the claim that shows a criterion, in words; `the record` where none does."""
    kind = criterion.checked_by[0] if criterion.checked_by else None
    if kind is None:
        return f"the record: {criterion.ask}"
    if kind == "units_at_most":
        return f"units at most {criterion.units_at_most}"
    return f"{kind.replace('_', ' ')}: {', '.join(getattr(criterion, kind))}"


def _evidence(pack: RulePack, policy: Policy, text: Callable[[Citation], str]) -> Iterator[RulesTable]:
    documents = {document.id: document.title for document in policy.documents}
    for file in pack.evidence.values():
        if file.summarises in documents:
            rows = tuple(
                {
                    "study": study.reference,
                    "sites": ", ".join(study.site_classes),
                    "design": study.design,
                    "n": "" if study.n is None else str(study.n),
                    "follow-up": study.follow_up,
                    "figures": "; ".join(study.figures),
                    "conclusion": study.conclusion,
                }
                for study in file.studies
            )
            yield RulesTable(f"Evidence summarized by {documents[file.summarises]}: {file.conclusion}", rows)
            if file.by_site:
                yield RulesTable(f"Conclusions of {documents[file.summarises]} by tumor site", _by_site(file, text))


def _by_site(file: EvidenceFile, text: Callable[[Citation], str]) -> tuple[_Row, ...]:
    return tuple(
        {
            "sites": ", ".join(entry.site_classes),
            "conclusion": entry.conclusion,
            "citation": text(entry.cite),
        }
        for entry in file.by_site
    )
