"""Rule packs to compare: a folder, an archive, or a git revision of the repository that holds the rules."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from claims_edit.errors import RulesError, UsageError
from claims_edit.policy import catalog_of, default_rules_dir, enforceable, read_pack, upgraded
from claims_edit.policy.parse import hash_of

if TYPE_CHECKING:
    import datetime as dt

    from claims_edit.policy import Catalog

SUFFIX = ".yaml"
_MARK = "payers.yaml"  # the file at the top of a rule pack


def catalog_from(text: str, *, proposed: bool = False, ahead_of: dt.date | None = None) -> Catalog:
    """The decision tables of what a user names as a pack, without or with its proposed versions in force.

    With `ahead_of`, a draft that begins after that day is taken to be in force already. A pack of an earlier form is
    read as it was decided.

    Raises:
        UsageError: neither a path nor a revision has that name.
        RulesError: the pack has faults; each names the pack.
    """
    contents = pack_from(text)
    try:
        present = upgraded(contents, read_pack(default_rules_dir()))
        catalog = catalog_of(present.contents, proposed=proposed, ahead_of=ahead_of)
    except RulesError as error:
        raise RulesError(*(f"{text}: {fault}" for fault in error.faults)) from None
    used = enforceable(contents, proposed=proposed)
    return replace(catalog, contents=used, rules_hash=hash_of(used)) if present.added else catalog


def pack_from(text: str) -> dict[str, bytes]:
    """The files of a rule pack, by path: of a folder or an archive of that name, else of a git revision.

    A revision is one of the current repository; outside of any, of the repository of the shipped rules.
    `REVISION:FOLDER` names the folder in a repository with more than one pack.

    Raises:
        UsageError: nothing has that name, or git is not installed.
        RulesError: it has no rule pack.
    """
    path = Path(text)
    if path.exists():
        return read_pack(path)
    revision, _, folder = text.partition(":")
    refused = f"{text}: is neither a folder, an archive (.zip, .whl) nor a git revision"
    place = next((each for each in (Path.cwd(), default_rules_dir()) if _git(each, "rev-parse", "--git-dir")), None)
    tree = None if place is None else _revision(place, revision)
    if place is None or tree is None:
        raise UsageError(f"{refused}. Name one of these; a revision as git does (HEAD~1, a tag, or REVISION:FOLDER).")
    return _of_tree(place, tree, text, folder.strip("/"))


def _git(place: Path, *arguments: str, given: bytes | None = None) -> bytes | None:
    """The output of git in a folder's repository; None where it fails, or there is no repository."""
    command = ["git", "-C", str(place), *arguments]
    try:
        done = subprocess.run(command, input=given, capture_output=True, check=False)  # noqa: S603 -- a fixed program
    except FileNotFoundError:
        raise UsageError("git: is not installed, so no revision can be read. Install it, or name a folder.") from None
    return done.stdout if done.returncode == 0 else None


def _revision(place: Path, revision: str) -> str | None:
    """The tree of a revision, as its id; None where the repository does not have it, or there is none."""
    found = _git(place, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{tree}}")
    return found.decode().strip() if found else None


def _of_tree(place: Path, tree: str, text: str, folder: str) -> dict[str, bytes]:
    # --full-tree: from the top of the repository, wherever in it the command runs.
    listed = (_git(place, "ls-tree", "-r", "-z", "--full-tree", tree) or b"").decode("utf-8", "surrogateescape")
    entries = [entry.partition("\t") for entry in listed.split("\0") if entry]
    blobs = {name: meta.split()[2] for meta, _, name in entries if meta.split()[1] == "blob"}
    root = _root(sorted(blobs), text, folder)
    wanted = {
        PurePosixPath(name).relative_to(root).as_posix(): blob
        for name, blob in sorted(blobs.items())
        if name.endswith((SUFFIX, ".yml")) and PurePosixPath(name).is_relative_to(root)
    }
    return dict(zip(wanted, _blobs(place, list(wanted.values())), strict=True))


def _root(names: list[str], text: str, folder: str) -> str:
    """The folder of the tree with a pack: the one named, else `rules`, else the only one."""
    roots = [PurePosixPath(name).parent.as_posix() for name in names if PurePosixPath(name).name == _MARK]
    if folder:
        roots = [root for root in roots if root == folder]
    elif "rules" in roots:
        roots = ["rules"]
    if len(roots) == 1:
        return roots[0]
    if roots:
        raise RulesError(f"{text}: has rule packs in {', '.join(roots)}. Name one, as REVISION:FOLDER.")
    raise RulesError(f"{text}: is a git revision without a rule pack. It needs a folder with {_MARK}.")


def _blobs(place: Path, ids: list[str]) -> list[bytes]:
    """The bytes of files by id, as they were committed: no filter and no line end is applied."""
    answer = _git(place, "cat-file", "--batch", given="".join(f"{each}\n" for each in ids).encode()) or b""
    found: list[bytes] = []
    at = 0
    for _ in ids:
        head, _, _ = answer[at:].partition(b"\n")
        start, size = at + len(head) + 1, int(head.split()[2])
        found.append(answer[start : start + size])
        at = start + size + 1
    return found
