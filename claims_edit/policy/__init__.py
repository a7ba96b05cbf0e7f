"""The rule pack: YAML → frozen models → decision tables.

The rest of the program uses `load_catalog`; the modules follow the data: source → text → parse → check → catalog.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from claims_edit.edits import EDITS
from claims_edit.errors import RulesError
from claims_edit.names import name_key
from claims_edit.policy.catalog import Catalog, compile_catalog
from claims_edit.policy.check import check
from claims_edit.policy.code_classes import with_classes
from claims_edit.policy.pack import (
    CodesFile,
    EvidenceFile,
    FoundDraft,
    GuidanceFile,
    PackFile,
    PayersFile,
    Policy,
    ProgramsFile,
    ReasonsFile,
    RemittanceFile,
    RulePack,
    TumorSitesFile,
    WorkListFile,
)
from claims_edit.policy.parse import Parsed, enforceable, hash_of, parse
from claims_edit.policy.payers import every_payer
from claims_edit.policy.rule_tests import RuleTestsFile
from claims_edit.policy.source import archived, read_pack
from claims_edit.policy.upgrade import upgraded
from claims_edit.rule_files.values import Strict

if TYPE_CHECKING:
    import datetime as dt

_M = TypeVar("_M", bound=Strict)

__all__ = [
    "Catalog",
    "archived",
    "catalog_of",
    "default_rules_dir",
    "enforceable",
    "examine",
    "examined",
    "found_drafts",
    "found_drafts_of",
    "load_catalog",
    "name_key",
    "parsed_pack",
    "read_pack",
    "recorded_catalog",
    "upgraded",
]


def default_rules_dir() -> Path:
    """The rules shipped with the program: inside the installed package, else next to it in the source tree."""
    shipped = Path(str(files("claims_edit"))) / "rules"
    return shipped if shipped.is_dir() else Path(__file__).resolve().parents[2] / "rules"


def load_catalog(rules_dir: Path | None = None, *, proposed: bool = False, ahead_of: dt.date | None = None) -> Catalog:
    """The decision tables of a rules folder, or of an archive of one (None: the shipped rules).

    Proposed versions are checked like all others and decide nothing, unless `proposed` puts them in force: for
    shadow runs only. The found drafts of `drafts/` are not read at all without it, nor in the hash. With `ahead_of`,
    a draft that begins after that day is taken to be in force already (`lifecycle.as_if_in_force`).

    Raises:
        RulesError: with every fault of every file, sorted.
    """
    contents = read_pack(rules_dir if rules_dir is not None else default_rules_dir())
    return catalog_of(contents, proposed=proposed, ahead_of=ahead_of)


def catalog_of(contents: dict[str, bytes], *, proposed: bool = False, ahead_of: dt.date | None = None) -> Catalog:
    """The decision tables of a rule pack's files, by their path in it.

    Raises:
        RulesError: with every fault of every file, sorted.
    """
    used = enforceable(contents, proposed=proposed)
    try:
        return compiled(parse(used), used, proposed=proposed, ahead_of=ahead_of)
    except RulesError:
        raise RulesError(*examine(used)[1]) from None


def found_drafts(contents: dict[str, bytes]) -> RulePack:
    """The pack with its found drafts as its only policies: to show them apart.

    Raises:
        RulesError: with every fault, sorted; those of the found drafts too.
    """
    pack, faults = examine(contents)
    if faults:
        raise RulesError(*faults)
    return found_drafts_of(pack)


def found_drafts_of(pack: RulePack) -> RulePack:
    """A pack with its found drafts as its only policies."""
    drafts = {path: policy for path, policy in pack.policies.items() if isinstance(policy, FoundDraft)}
    return pack.model_copy(update={"policies": drafts})


def recorded_catalog(archive: Path, *, proposed: bool = False, ahead_of: dt.date | None = None) -> Catalog:
    """The decision tables of the rules that a published run kept: those that decided then, whatever is checked today.

    Rules of an earlier form are read as they were decided (`policy.upgrade`); hash and files are those of the run,
    found drafts included if it was a shadow run.

    Raises:
        RulesError: the files cannot be read as rules.
    """
    contents = read_pack(archive)
    parsed = parse(contents)
    if parsed.faults or _lacks_a_reason(parsed):
        parsed = parse(upgraded(contents, read_pack(default_rules_dir())).contents)
    if parsed.faults:
        raise RulesError(*sorted(set(parsed.faults)))
    return compile_catalog(_pack(parsed), contents, hash_of(contents), proposed=proposed, ahead_of=ahead_of)


def _lacks_a_reason(parsed: Parsed) -> bool:
    given = {reason.edit for file in parsed.of(ReasonsFile).values() for reason in file.reasons}
    return not given.issuperset(edit.id for edit in EDITS)


def compiled(
    parsed: Parsed, contents: dict[str, bytes], *, proposed: bool = False, ahead_of: dt.date | None = None
) -> Catalog:
    """The decision tables of a parsed pack.

    Raises:
        RulesError: with every fault of every file, sorted.
    """
    pack, faults = examined(parsed)
    if faults:
        raise RulesError(*faults)
    return compile_catalog(pack, contents, hash_of(contents), proposed=proposed, ahead_of=ahead_of)


def examine(contents: dict[str, bytes]) -> tuple[RulePack, list[str]]:
    """A rule pack's files as a pack, without those that could not be parsed, and all their faults, sorted."""
    return examined(parsed_pack(contents))


def parsed_pack(contents: dict[str, bytes]) -> Parsed:
    """A rule pack's files as their models; of two that contradict each other, one of the shipped rules is right."""
    return parse(contents, read_pack(default_rules_dir()))


def examined(parsed: Parsed) -> tuple[RulePack, list[str]]:
    """The pack of parsed files, and all their faults, sorted."""
    return _pack(parsed), sorted({*parsed.faults, *check(parsed)})


def _pack(parsed: Parsed) -> RulePack:
    return RulePack.model_construct(
        codes=parsed.of(CodesFile),
        tumor_sites=_single(parsed, TumorSitesFile),
        payers=PayersFile.model_construct(payers=every_payer(parsed)),
        programs=_single(parsed, ProgramsFile),
        reasons=_single(parsed, ReasonsFile),
        policies=with_classes(parsed.of(Policy), parsed.of(CodesFile).values()),
        guidance=parsed.of(GuidanceFile),
        evidence=parsed.of(EvidenceFile),
        remittance=parsed.of(RemittanceFile),
        about=next(iter(parsed.of(PackFile).values()), None),
        work_list=next(iter(parsed.of(WorkListFile).values()), None),
        tests=parsed.of(RuleTestsFile),
    )


def _single(parsed: Parsed, kind: type[_M]) -> _M:
    """The only file of its kind; an empty one where it could not be parsed: a fault, so the pack decides nothing."""
    return cast("_M", next(iter(parsed.of(kind).values()), None))
