"""`claims-edit rules diff`."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claims_edit.cli.options import Day, LocalPath, PathText, day_of
from claims_edit.cli.results_place import ResultsPlace
from claims_edit.errors import UsageError

if TYPE_CHECKING:
    from claims_edit.governance.replay_diff import CandidateLines, ReplayDiff
    from claims_edit.policy import Catalog

_FILE = LocalPath()


@click.command()
@click.argument("old", type=PathText())
@click.argument("new", type=PathText())
@click.option(
    "--extract",
    "extracts",
    type=PathText(),
    multiple=True,
    metavar="FILE",
    help="Decide these lines under both; repeatable.",
)
@click.option(
    "--out", type=ResultsPlace(), metavar="RESULTS", help="Decide the lines of a published run under both packs."
)
@click.option("--run", metavar="RUN", help="The run of --out: its id or a prefix of it (default: the latest).")
@click.option("--proposed", is_flag=True, help="Use NEW with its proposed versions in force, as in a shadow run.")
@click.option(
    "--drafts-as-if-in-force", is_flag=True,
    help="Like --proposed, and a draft that begins after the as-of date applies as if in force already.",
)  # fmt: skip
@click.option("--boundaries", is_flag=True, help="Also list lines that span a change of the rules, and single days.")
@click.option("--format", "fmt", type=click.Choice(["table", "md", "csv", "json"]), default="table", show_default=True)
@click.option("--mapping", type=_FILE, metavar="FILE|PRESET", help="The mapping of the extract's columns.")
@click.option("--contracts", type=_FILE, help="Benefit terms of groups (with --extract).")
@click.option("--as-of", type=Day(), default=None, help="Later service dates are refused (default: today).")
def diff(
    *,
    old: str,
    new: str,
    extracts: tuple[str, ...],
    out: Path | None,
    run: str | None,
    proposed: bool,
    drafts_as_if_in_force: bool,
    fmt: str,
    **of_extract: Any,  # noqa: ANN401 -- passed on as they are, but for `boundaries`
) -> None:
    """Compare two rule packs in meaning: folders, archives (.zip, .whl) or git revisions.

    Compares enforced versions; OLD and NEW may be one pack, to see what its --proposed versions would change.
    With --extract or --out, real lines are decided under both packs, and the lines that change are listed.
    """
    from claims_edit.governance.diff_text import Comparison, write_comparison  # noqa: PLC0415 -- for this command alone
    from claims_edit.governance.pack_diff import pack_diff  # noqa: PLC0415
    from claims_edit.governance.replay_diff import extract_lines, run_lines  # noqa: PLC0415
    from claims_edit.governance.source import catalog_from  # noqa: PLC0415

    boundaries: bool = of_extract.pop("boundaries")
    _refuse(extracts, out, run=run, of_extract=of_extract, dated=drafts_as_if_in_force)
    ahead_of = _as_of(out, run, of_extract["as_of"]) if drafts_as_if_in_force else None
    packs = catalog_from(old), catalog_from(new, proposed=proposed or ahead_of is not None, ahead_of=ahead_of)
    with ExitStack() as stack:
        lines: CandidateLines | None = None
        if extracts:
            extract_options = of_extract | {"as_of": day_of(of_extract["as_of"])}
            lines = stack.enter_context(extract_lines(extracts, *packs, **extract_options))
        elif out is not None:
            lines = run_lines(out, run)
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="claims-edit-")))
        replay = _replayed(lines, packs, scratch)
        hashes = packs[0].rules_hash, packs[1].rules_hash
        named = new + _drafts(ahead_of, proposed=proposed)
        found = Comparison(old, named, hashes, pack_diff(*packs), replay, boundaries)
        write_comparison(found, fmt, sys.stdout.buffer)


def _replayed(lines: CandidateLines | None, packs: tuple[Catalog, Catalog], scratch: Path) -> ReplayDiff | None:
    from claims_edit.governance.replay_diff import replay_diff  # noqa: PLC0415 -- for this command alone

    return None if lines is None else replay_diff(lines, *packs, scratch)


def _as_of(out: Path | None, run: str | None, given: date | None) -> date:
    """The day after which a draft is ahead: that of the run, else the one given, else today."""
    from claims_edit.store import ResultsFolder  # noqa: PLC0415 -- for this option alone

    return day_of(given) if out is None else date.fromisoformat(ResultsFolder(out).manifest(run)["as_of"])


def _drafts(ahead_of: date | None, *, proposed: bool) -> str:
    """What NEW is used with."""
    if ahead_of is not None:
        return f", proposed versions as if in force (as of {ahead_of})"
    return ", proposed versions in force" if proposed else ""


def _refuse(
    extracts: tuple[str, ...], out: Path | None, *, run: str | None, of_extract: dict[str, Any], dated: bool
) -> None:
    """Options that do not go together; `dated`: the as-of date also says which drafts are ahead."""
    if extracts and out is not None:
        raise UsageError("rules diff: --extract and --out are two sources of lines. Use one of them.")
    if run is not None and out is None:
        raise UsageError("rules diff: --run needs the results folder. Add --out.")
    free = {"as_of"} if dated and out is None else set()
    if not extracts and any(each is not None for name, each in of_extract.items() if name not in free):
        raise UsageError("rules diff: --mapping, --contracts and --as-of need --extract. Add it, or remove them.")
