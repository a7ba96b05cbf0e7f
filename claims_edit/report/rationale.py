"""The rationale of a run's denials: one Markdown file for each denied claim, appendices of studies, and two indexes.

A denied line fits two pages; the studies on a tumor site, long and the same for many lines, are in an appendix. The
folder is built next to the target and replaces it when complete. Files are named by number,
or by site and policy, so that no value of a claim is in a name.
"""

from __future__ import annotations

import re
import secrets
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.edits.phrases import listed
from claims_edit.errors import UsageError
from claims_edit.model import Disposition
from claims_edit.report import queries
from claims_edit.report.csv_format import write_frame
from claims_edit.report.explain import Explainer
from claims_edit.report.explain.markdown import article_lines, escaped, section_lines
from claims_edit.report.explain.sections import Studies, article, evidence_in_full, has_studies
from claims_edit.store import ask
from claims_edit.store.private import OWNER, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from claims_edit.report.run_view import RunView

BATCH_LINES = 2000
LEAST_DIGITS = 6  # of a file's name
INDEX, LISTING = "index.csv", "index.md"
_OURS = re.compile(rf"[0-9]{{{LEAST_DIGITS},}}\.md|evidence-[A-Za-z0-9_-]+\.md|{re.escape(INDEX)}|{re.escape(LISTING)}")

Claim = list[dict[str, Any]]  # the explanations of its denied lines


def write_rationale(view: RunView, path: Path) -> None:
    """Write the folder `path`: `000001.md` and on in order of the record, `evidence-….md`, `index.csv` and `index.md`.

    An earlier rationale there is replaced.

    Raises:
        UsageError: `path` is a file, or a folder with other content.
        OSError: it cannot be written.
    """
    with _put_in_place(path.resolve(), path) as folder:
        claims = _Claims(view)
        pages = _Pages(folder)
        with (folder / INDEX).open("wb") as index, (folder / LISTING).open("w", encoding="utf-8") as listing:
            listing.write("\n".join(_head(view, claims.count)))
            number = 0
            for batch in claims.batches():
                named = [(f"{number + place:0{claims.digits}}.md", claim) for place, claim in enumerate(batch, 1)]
                for name, claim in named:
                    (folder / name).write_text(pages.of(claim), encoding="utf-8")
                write_frame(pl.DataFrame([_entry(*each) for each in named], _ENTRY), index, header=number == 0)
                listing.writelines(f"{_listed(*each)}\n" for each in named)
                number += len(batch)
            if not number:
                write_frame(pl.DataFrame(schema=_ENTRY), index)


@contextmanager
def _put_in_place(target: Path, given: Path) -> Iterator[Path]:
    """A new folder that becomes `target` when the block ends without an error."""
    _refuse_others(target, given)
    token = secrets.token_hex(4)
    made, old = (target.with_name(f".{target.name}.{token}.{kind}") for kind in ("partial", "replaced"))
    make_folder(made)
    try:
        yield made
        OWNER.admit(made)
        if target.exists():
            target.rename(old)
        made.rename(target)
    finally:
        if old.exists() and not target.exists():
            old.rename(target)  # if interrupted between the two, the earlier one remains
        shutil.rmtree(made, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _refuse_others(target: Path, given: Path) -> None:
    if target.exists() and not target.is_dir():
        raise UsageError(f"{given}: is a file, but the rationale needs a folder. Use another --to.")
    others = [each for each in target.glob("*") if not _OURS.fullmatch(each.name)] if target.exists() else []
    if others:
        raise UsageError(f"{given}: has {len(others)} other files or folders. Use a --to that is new or empty.")


class _Claims:
    """The denied claims of a run, explained a bounded number of lines at a time."""

    def __init__(self, view: RunView) -> None:
        self._view = view
        self._lines = pl.concat(ask(view.connection, queries.DENIED_LINES, {"run_id": view.run_id}).batches())
        self._explainer = Explainer(view.catalog, view.manifest)
        self.count = self._lines["claim"].n_unique()
        self.digits = max(LEAST_DIGITS, len(str(self.count)))

    def batches(self) -> Iterator[list[Claim]]:
        """The claims in order, each complete."""
        # A claim is in the batch of its first line.
        batch = (pl.col("claim") - 1) // BATCH_LINES
        for _, lines in self._lines.group_by(batch, maintain_order=True):
            explained = self._explainer.explain(self._rows(lines))
            claims: dict[int, Claim] = {}
            for claim, explanation in zip(lines["claim"], explained, strict=True):
                claims.setdefault(claim, []).append(explanation)
            yield list(claims.values())

    def _rows(self, lines: pl.DataFrame) -> list[dict[str, Any]]:
        """The decision rows, in the order of `lines`."""
        ids = lines["id"]
        asked = {"first": ids.min(), "last": ids.max(), "ids": ids.to_list()}
        rows = {row["id"]: row for frame in ask(self._view.connection, queries.LINES_BY_ID, asked).batches()
                for row in frame.to_dicts()}  # fmt: skip
        return [rows[place] for place in ids]


class _Pages:
    """The Markdown of claims; the studies on a site, the same for many lines, are in one appendix of the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._appendices: set[str] = set()

    def of(self, claim: Claim) -> str:
        """One claim: its denied lines one after another."""
        numbers = listed(each["claim_line_number"] for each in claim)
        denied = f"lines {numbers} were denied" if len(claim) > 1 else f"line {numbers} was denied"
        lines = [f"# Claim {escaped(claim[0]['claim_id'])}: why {denied}", ""]
        for each in claim:
            lines += article_lines(article(each, studies=Studies.IN_APPENDIX, appendix=self._appendix(each)), 2)
        return "\n".join(lines)

    def _appendix(self, each: dict[str, Any]) -> str:
        """The name of the file with the studies on the line's site, written once; empty where there is none.

        An appendix goes to whoever gets the rationale, so each is of one policy: no other payer's document is in it.
        """
        if not has_studies(each):
            return ""
        policy = each["policy"]["id"] if each["policy"] else "no-policy"
        name = f"evidence-{each['site']['site_class']}-{policy}.md"
        if name not in self._appendices:
            (self._folder / name).write_text("\n".join(section_lines(evidence_in_full(each), 1)), encoding="utf-8")
            self._appendices.add(name)
        return name


def _head(view: RunView, claims: int) -> list[str]:
    manifest = view.manifest
    lines = view.counted.lines[Disposition.DENY]
    shadow = " in shadow mode, so none of it counts" if manifest["mode"] == "shadow" else ""
    shadow += f". {view.drafts_as_if_in_force.rstrip('.')}" if view.drafts_as_if_in_force else ""
    denied = f"Claims {claims:,}, denied lines {lines:,}{shadow}"
    return [
        f"# Rationale of the denials of run {view.run_id}",
        "",
        f"{denied}; as of {manifest['as_of']}; rules {manifest['rules_hash']}.",
        "",
        "| file | claim | lines | reasons |",
        "|---|---|---|---|",
        "",
    ]


_ENTRY = {
    "file": pl.String(),
    "claim_id": pl.String(),
    "line_numbers": pl.List(pl.Int64()),
    "source_file": pl.List(pl.String()),
    "source_row": pl.List(pl.Int64()),
}


def _entry(name: str, claim: Claim) -> dict[str, Any]:
    """A row of index.csv; the values of lists are joined with a pipe."""
    return {
        "file": name,
        "claim_id": claim[0]["claim_id"],
        "line_numbers": [each["claim_line_number"] for each in claim],
        "source_file": list(dict.fromkeys(each["source_file"] for each in claim)),
        "source_row": [each["source_row"] for each in claim],
    }


def _listed(name: str, claim: Claim) -> str:
    """A row of index.md."""
    numbers = ", ".join(str(each["claim_line_number"]) for each in claim)
    reasons = ", ".join(dict.fromkeys(each["reason_code"] for each in claim))
    return f"| [{name}]({name}) | {escaped(claim[0]['claim_id'])} | {numbers} | {escaped(reasons)} |"
