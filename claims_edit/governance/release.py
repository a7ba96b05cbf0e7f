"""Releases of a rule pack: the content on record, what changed since the last one, and the approvals that it needs.

The content of a file is its values: comments, line breaks and the order of keys do not count. `releases.yaml` is about
the pack and not part of it: no run reads it, and it is not in the pack's hash.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import yaml

from claims_edit.errors import RulesError, UsageError
from claims_edit.governance.schema import schema_line
from claims_edit.model import VersionStatus
from claims_edit.policy import default_rules_dir, enforceable, read_pack
from claims_edit.policy.pack import PackFile, Policy, RecordedRelease, ReleasesFile
from claims_edit.policy.parse import DRAFTS, NEVER_ENFORCED, RELEASES, parse
from claims_edit.policy.source import write_rules_file
from claims_edit.policy.yaml_text import read_yaml

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from claims_edit.policy.pack import ReleasedVersion, Version
    from claims_edit.policy.parse import Parsed
    from claims_edit.policy.yaml_text import Plain

_ABOUT = "pack.yaml"
_TESTS = "tests/"
_APPROVED, _VERSIONS = "approved", "versions"
_BESIDE = (_VERSIONS, "title", "documents", "payer_entry", "payer_entries")
"""The keys of a policy that are no part of the content of its versions."""
_HEAD = """# The releases of this rule pack, newest first. `claims-edit rules release` writes this file; do not edit it.
# files: the content of each file. policies: the content of each version in force, and its approval.
"""


@dataclass(frozen=True)
class ReleaseState:
    """A pack and its last release.

    Attributes:
        last: the last release; None where none is on record, or only those of the shipped pack that this is a copy of.
        changed: the files with another content than in it.
        approved: the versions that changed since, or are new, each with an approval.
        faults: location, fault and remedy of each, sorted.
    """

    last: RecordedRelease | None = None
    changed: tuple[str, ...] = ()
    approved: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        last = {"version": self.last.version, "date": self.last.date.isoformat()} if self.last else None
        return {"last": last, "changed_files": list(self.changed), "approved_versions": list(self.approved)}


def release_state(contents: Mapping[str, bytes], rules: Path | None, parsed: Parsed | None = None) -> ReleaseState:
    """What changed in a pack's files since its last release, and the faults of its version and its approvals.

    Args:
        contents: the files by their path in the pack, all of which can be read.
        rules: where they are; None for the shipped pack.
        parsed: the files as they were parsed, if they were.
    """
    releases = _own_releases(contents, rules)
    if not releases:
        return ReleaseState()
    parsed, last = (parsed.enforceable() if parsed else parse(enforceable(contents))), releases[0]
    now = _files(parsed)
    changed = tuple(sorted(path for path in {*now, *last.files} if now.get(path) != last.files.get(path)))
    faults = [*_version_faults(parsed, last, changed)]
    approved: list[str] = []
    for path, place, policy, version, content in _enforced(parsed):
        released = last.policies.get(policy.id, {}).get(version.id)
        if released is not None and released.content == content:
            continue
        fault = _approval_fault(version, released, last)
        approved += [] if fault else [f"{policy.id} {version.id}"]
        faults += [f"rules/{path}: {place}.{fault}"] if fault else []
    return ReleaseState(last, changed, tuple(approved), tuple(sorted(faults)))


def record_release(folder: Path, day: dt.date) -> RecordedRelease:
    """Record the content of a rules folder as the release of its version, in its `releases.yaml`.

    Raises:
        RulesError: the files cannot be read as rules, or the version or an approval is missing.
        UsageError: the pack has no version, nothing changed since its last release, or the folder cannot be written.
    """
    contents = read_pack(folder)
    parsed = parse({path: raw for path, raw in contents.items() if not path.startswith(DRAFTS)})
    state = ReleaseState() if parsed.faults else release_state(contents, folder)
    if faults := sorted({*parsed.faults, *state.faults}):
        raise RulesError(*faults)
    about = next(iter(parsed.of(PackFile).values()), None)
    if about is None:
        raise UsageError(f"{folder / _ABOUT}: is missing, and a release has a version. Add it (docs/governance.md).")
    if state.last and about.version == state.last.version:
        raise UsageError(f"{folder}: {about.version} is already on record, with this content. Nothing is written.")
    policies: dict[str, dict[str, Any]] = {}
    for _, _, policy, version, content in _enforced(parsed):
        approval = version.approved.model_dump(mode="json") if version.approved else None
        recorded = {"content": content} | ({_APPROVED: approval} if approval else {})
        policies.setdefault(policy.id, {})[version.id] = recorded
    release = {"version": about.version, "date": day.isoformat(), "files": _files(parsed), "policies": policies}
    earlier = [each.model_dump(mode="json", exclude_none=True) for each in _own_releases(contents, folder)]
    body = yaml.safe_dump({"releases": [release, *earlier]}, sort_keys=False, allow_unicode=True, width=120)
    write_rules_file(folder / RELEASES, f"{schema_line(RELEASES)}\n{_HEAD}{body}")
    return RecordedRelease.model_validate(release)


def _own_releases(contents: Mapping[str, bytes], rules: Path | None) -> tuple[RecordedRelease, ...]:
    """The pack's releases, newest first; none of a copy of the shipped rules, whose record is not its own."""
    raw = contents.get(RELEASES)
    if raw is None:
        return ()
    shipped = default_rules_dir()
    copied = rules is not None and rules.resolve() != shipped.resolve()
    if copied and read_pack(shipped).get(RELEASES) == raw:
        return ()
    return ReleasesFile.model_validate(read_yaml(raw)[0]).releases


def _version_faults(parsed: Parsed, last: RecordedRelease, changed: tuple[str, ...]) -> Iterator[str]:
    about = next(iter(parsed.of(PackFile).values()), None)
    if about is None:
        yield f"rules/{_ABOUT}: is missing, but {last.version} is released. Add it, with a newer version."
        return
    now, then = (tuple(map(int, version.split("."))) for version in (about.version, last.version))
    if now < then:
        yield f"rules/{_ABOUT}: version: {about.version} is older than the release {last.version}. Correct it."
    elif now == then and changed:
        yield (
            f"rules/{_ABOUT}: version: {about.version} is released ({last.date}) with another content of "
            f"{', '.join(changed)}. Raise the version, and add its changes at the top of the changelog."
        )


def _approval_fault(version: Version, released: ReleasedVersion | None, last: RecordedRelease) -> str | None:
    """What is wrong with the approval of a version that changed, or is new; None where it has one."""
    remedy = (
        "Give {by: who, on: day, minutes: where it is recorded} once it is approved, or set the status to proposed."
    )
    what = f"the version is not in release {last.version}"
    if released is not None:
        what = f"the version changed since release {last.version}"
    if version.approved is None:
        return f"{_APPROVED}: is missing, and {what}. {remedy}"
    if released is not None and version.approved == released.approved:
        return f"{_APPROVED}: is the approval of release {last.version}, and {what}. {remedy}"
    return None


def _enforced(parsed: Parsed) -> Iterator[tuple[str, str, Policy, Version, str]]:
    """Each final or retired version: the file, its place, the policy, itself and its content."""
    for path, policy in parsed.of(Policy).items():
        plain = cast("dict[str, Plain]", parsed.plain[path])
        own = {key: value for key, value in plain.items() if key not in _BESIDE}
        texts = cast("list[Plain]", plain[_VERSIONS])
        for index, (version, text) in enumerate(zip(policy.versions, texts, strict=True)):
            if version.status is not VersionStatus.PROPOSED:
                content = _content({"policy": own, "version": _unapproved(text)})
                yield path, f"{_VERSIONS}[{index}]", policy, version, content


def _files(parsed: Parsed) -> dict[str, str]:
    """The content of each file that decides or informs, by path: not pack.yaml, the tests and the found drafts."""
    kept = (path for path in sorted(parsed.plain) if path != _ABOUT and not path.startswith((_TESTS, *NEVER_ENFORCED)))
    return {path: _content(_unapproved(parsed.plain[path])) for path in kept}


def _unapproved(plain: Plain) -> Plain:
    """The values without approvals: an approval does not change what it approves."""
    if isinstance(plain, dict):
        return {key: _unapproved(value) for key, value in plain.items() if key != _APPROVED}
    return [_unapproved(each) for each in plain] if isinstance(plain, list) else plain


def _content(plain: object) -> str:
    """SHA-256 (hex) of values."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
