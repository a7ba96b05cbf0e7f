"""Pages of the site that are made when it is built: from the commands, the edits, the data dictionary, the README.

MkDocs calls the functions by name (`hooks` in mkdocs.yml). Nothing here is written twice: each page is derived.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claims_edit import __all__ as exported
from claims_edit import errors
from claims_edit.cli import COMMANDS, cli
from claims_edit.edits import INFORMATIONAL_EDITS, TABLE_EDITS
from claims_edit.policy import load_catalog
from claims_edit.store.dictionary import COLUMNS, OWN, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
_FILES = {"README.md": "index.md", "GLOSSARY.md": "glossary.md", "CHANGELOG.md": "changelog.md"}
"""Files of the repository that are pages of the site."""
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are made here."""
    from mkdocs.structure.files import File  # noqa: PLC0415 -- where the site is built

    pages = {
        **{page: _of_repository(name) for name, page in _FILES.items()},
        "reference-exit-codes.md": _exit_codes(),
        "reference-commands.md": _commands(),
        "reference-edits.md": _edits(),
        "reference-tables.md": _tables(),
        "reference-library.md": _library(),
        "adr-list.md": _records(),
    }
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Links to files of the repository lead to their pages; those to files without a page become their names."""
    here = posixpath.dirname(page.file.src_uri)

    def replaced(found: re.Match[str]) -> str:
        mark, text, target, place = found.groups()
        if re.match(r"[a-z]+:", target):
            return found.group()
        path = posixpath.normpath(posixpath.join("docs", here, target))
        if path in _FILES:
            return f"{mark}[{text}]({posixpath.relpath(_FILES[path], here or '.')}{place or ''})"
        is_page = path.startswith("docs/") and path.endswith((".md", ".png", ".svg"))
        if is_page or not (ROOT / path).exists():  # what is nowhere stays a link, and MkDocs refuses it
            return found.group()
        return f"`{text or target}`" if not mark else text

    return _LINK.sub(replaced, markdown)


def _of_repository(name: str) -> str:
    """A file of the repository's first folder, with links as from docs/."""
    text = (ROOT / name).read_text(encoding="utf-8")
    outside = re.sub(r"\]\((?!docs/|#|[a-z]+:)", "](../", text)
    return re.sub(r"\]\(docs/", "](", outside)


def _commands() -> str:
    parts = ["# Commands", "", "How they end: [exit codes](reference-exit-codes.md)."]
    context = click.Context(cli, info_name="claims-edit")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None  # noqa: S101 -- the list is the group's own
        parts += _command(command, f"claims-edit {name}", context)
    return "\n".join(parts) + "\n"


def _command(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent)
    yield from ("", f"## `{name}`", "", "```", command.get_help(context), "```")
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            sub = command.get_command(context, each)
            if sub is not None:
                yield from _command(sub, f"{name} {each}", context)


def _exit_codes() -> str:
    kinds: dict[int, list[type]] = {}
    for kind in errors.ClaimsEditError.__subclasses__():
        kinds.setdefault(kind.exit_code, []).append(kind)
    parts = [
        "# Exit codes",
        "",
        "What to do about each: [at 2 a.m.](operations.md#at-2-am). `make` itself exits with 2.",
    ]
    parts += ["", "| code | meaning | published? | error of the library |", "|---|---|---|---|"]
    for each in errors.EXIT_CODES:
        names = ", ".join(f"`{kind.__name__}`" for kind in kinds.get(each.code, ()))
        parts.append(f"| {each.code} | {each.meaning} | {each.published} | {names} |")
    return "\n".join(parts) + "\n"


def _edits() -> str:
    reasons = {reason.edit: reason for reason in load_catalog().pack.reasons.reasons}
    parts = ["# Edits", "", "In the order of the decision table: the first one triggered decides; all are kept."]
    for each in (*TABLE_EDITS, *INFORMATIONAL_EDITS):
        reason = reasons[each.id]
        ends = f"`{reason.disposition}`" if reason.disposition else "informational"
        coded = f", CARC {reason.carc}" if reason.carc else ""
        parts += ["", f"## {each.id}", "", f"{each.label}. **{ends}**{coded}", "", each.meaning, ""]
        parts += [f"- {condition.name}" for condition in each.conditions]
    return "\n".join(parts) + "\n"


def _tables() -> str:
    parts = ["# Tables and columns", "", "Of the DuckDB file; the comments there have the same texts."]
    for table, meaning in TABLES.items():
        parts += ["", f"## {table}", "", meaning]
        if table in OWN:
            parts += ["", "| column | here |", "|---|---|"]
            parts += [f"| `{name}` | {_cell(text)} |" for name, text in OWN[table].items()]
    parts += ["", "## Columns", "", "| column | meaning |", "|---|---|"]
    parts += [f"| `{name}` | {_cell(text)} |" for name, text in COLUMNS.items()]
    return "\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _library() -> str:
    names = sorted(name for name in exported if not name.startswith("_"))
    return "# Library\n\nExamples: [library](library.md).\n\n" + "\n\n".join(
        f"::: claims_edit.{name}" for name in names
    )


def _records() -> str:
    rows = []
    for path in sorted((ROOT / "docs" / "adr").glob("*.md")):
        title = path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
        rows.append(f"- [{title}](adr/{path.name})")
    return "# Decision records\n\n" + "\n".join(rows) + "\n"
