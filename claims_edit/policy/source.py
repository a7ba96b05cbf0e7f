"""Where a rule pack comes from: a folder, or an archive of one (a run's `rules.zip`, a wheel of this program)."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from claims_edit.errors import RulesError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SUFFIXES = (".yaml", ".yml")
_ROOTS = ("", "rules/", "claims_edit/rules/")  # where a pack may be in an archive: ours, a folder's, a wheel's
_NO_TIME = (1980, 1, 1, 0, 0, 0)  # the same pack gives the same archive


def read_pack(source: Path) -> dict[str, bytes]:
    """The YAML files of a rule pack by their path in it, sorted.

    Raises:
        RulesError: `source` is neither a folder nor an archive with a rule pack.
    """
    if source.is_dir():
        found = {path.relative_to(source).as_posix(): path for path in source.rglob("*") if path.is_file()}
        return {name: path.read_bytes() for name, path in sorted(found.items()) if name.endswith(SUFFIXES)}
    if source.is_file() and zipfile.is_zipfile(source):
        return _unpacked(source)
    raise RulesError(f"{source}: is not a rule pack. Name its folder, or an archive (.zip, .whl) of one.")


def write_rules_file(path: Path, text: str) -> None:
    """Write a file of a user's own rules folder.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}). Name your own rules folder.") from None


def _unpacked(source: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(source) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(SUFFIXES))
        root = next((root for root in _ROOTS if f"{root}payers.yaml" in names), None)
        if root is None:
            raise RulesError(f"{source}: is an archive without a rule pack. It needs payers.yaml at the top.")
        inside = [name for name in names if name.startswith(root)]
        return {PurePosixPath(name).relative_to(root).as_posix(): archive.read(name) for name in inside}


def archived(contents: Mapping[str, bytes]) -> bytes:
    """A rule pack as one archive: the same files give the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(contents):
            archive.writestr(zipfile.ZipInfo(name, _NO_TIME), contents[name], zipfile.ZIP_DEFLATED, 9)
    return target.getvalue()
