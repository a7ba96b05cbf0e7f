"""Files and folders beside extracts whose names show that they have no claims: a README, checksums, markers."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

HIDDEN, MARKER = "hidden", "marker"
RESULTS = "claims_edit.duckdb"  # in a folder that runs write to
LARGEST_MARKER = 1024  # bytes; an extract may have such a name once it is done with
DOCUMENT = r"(\.(md|markdown|txt|rst|adoc|pdf|html?|docx?|rtf))?"
KINDS: dict[str, re.Pattern[str]] = {
    what: re.compile(pattern, re.IGNORECASE)
    for what, pattern in {
        "system file": r"thumbs\.db|desktop\.ini|ehthumbs\.db|icon\r",
        "documentation": rf"(read[-_ ]?me|change[-_ ]?log|release[-_ ]?notes|data[-_ ]?dictionary)"
        rf"([-_ ][^.]*)?{DOCUMENT}"
        r"|.*\.(md|markdown|rst|adoc|pdf|docx?|rtf|html?|pptx?)",
        "license": rf"(licen[cs]e|copying|notice|disclaimer|terms[-_ ]of[-_ ]use)([-_ ][^.]*)?{DOCUMENT}",
        "checksum": r".*\.(crc|crc32|md5|sha1|sha224|sha256|sha384|sha512|sfv|asc|sig)"
        r"|(.*[-_.])?(checksums?|md5sums?|sha[0-9]*sums?)(\.(txt|csv|json))?",
        "manifest": r"(.*[-_.])?manifest(\.(txt|csv|tsv|json|xml|yaml|yml))?|.*\.manifest",
        "schema": r"(.*[-_.])?schema\.(json|csv|txt|sql|yaml|yml)|.*\.(avsc|xsd|ddl|sql|proto)",
        MARKER: r".*\.(done|ok|ready|complete|completed|success|trg|trigger|flag|lock)",
        "log": r".*\.log|log\.ndjson",
        "settings": r".*\.(yaml|yml|toml|ini|cfg|conf|properties|env)",
        "program": r".*\.(py|ipynb|r|sh|bat|ps1|cmd|sas|exe)",
    }.items()
}


def is_hidden(name: str) -> bool:
    """Whether the name of a file or folder hides it, such as `_temporary`; `_year=2026` is the value of a column."""
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


def bystander(path: Path) -> str | None:
    """The kind of a file or folder whose name shows that it has no claims; else None."""
    name = path.name
    if is_hidden(name):
        return HIDDEN
    if (path / RESULTS).is_file():
        return "results folder"
    what = next((kind for kind, pattern in KINDS.items() if pattern.fullmatch(name)), None)
    if what is None or path.is_dir() or (what == MARKER and path.is_file() and path.stat().st_size > LARGEST_MARKER):
        return None
    return what


def hidden_above(name: str) -> str | None:
    """HIDDEN for a file of which a folder in its (relative) name is hidden, such as `__MACOSX`; else None."""
    return HIDDEN if any(map(is_hidden, PurePosixPath(name).parent.parts)) else None
