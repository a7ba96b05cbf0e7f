"""`claims-edit run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from claims_edit.cli.engine import engine_options
from claims_edit.cli.extract_options import extract_options
from claims_edit.cli.options import LocalPath, day_of, print_json
from claims_edit.cli.results_place import as_named, making_out_option
from claims_edit.cli.run_events import report_begin, report_outcome, reported
from claims_edit.errors import InputError, ThresholdError
from claims_edit.model import Mode, StalePolicy
from claims_edit.report.registry import RUN_REPORTS
from claims_edit.run_log import JSON, OPTION, TEXT
from claims_edit.runner import RunOptions, RunOutcome

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from claims_edit.cli.engine import Engine


class ReportNames(click.ParamType[tuple[str, ...]]):
    """Names of reports, separated by commas."""

    name = "reports"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:  # noqa: ANN401 -- click's signature
        """The reports named in a text, in a fixed order."""
        if isinstance(value, tuple):
            return value
        named = {"all": set(RUN_REPORTS), "none": set()}.get(value, {name.strip() for name in value.split(",")})
        if unknown := sorted(named - set(RUN_REPORTS)):
            self.fail(
                f"{', '.join(unknown)}: not a report. Use all, none, or names of {', '.join(RUN_REPORTS)}.", param, ctx
            )
        return tuple(name for name in RUN_REPORTS if name in named)


@click.command()
@extract_options
@making_out_option
@engine_options
@click.option("--contracts", type=LocalPath(), help="Benefit terms of groups (CSV or Parquet).")
@click.option(
    "--mode", type=click.Choice([mode.value for mode in Mode]), default=Mode.ENFORCE.value, show_default=True,
    help="shadow decides with the proposed versions in force; it does not count.",
)  # fmt: skip
@click.option(
    "--drafts-as-if-in-force", is_flag=True,
    help="With --mode shadow: a draft that begins after the as-of date applies as if in force already.",
)  # fmt: skip
@click.option(
    "--stale-policy", type=click.Choice([each.value for each in StalePolicy]), default=StalePolicy.WARN.value,
    show_default=True, help="What to do with a denial under a policy past its review: review suspends it.",
)  # fmt: skip
@click.option(
    "--reports", type=ReportNames(), default="all", show_default=True, metavar="all|none|NAME,…",
    help=f"The reports to write next to the manifest: {', '.join(RUN_REPORTS)}.",
)  # fmt: skip
@click.option("--keep-going", is_flag=True, help="Publish the readable extracts even if one cannot be read (exit 11).")
@click.option("--accept-test-data", is_flag=True, help="Also decide claims marked as test data; they are never posted.")
@click.option("--group", help="A system group that may also read the results (default: only their owner).")
@click.option(
    OPTION,
    type=click.Choice([TEXT, JSON]),
    default=TEXT,
    show_default=True,
    expose_value=False,
    help="json: one object a line on standard error, for a collector of logs.",
)
@click.option("--force", is_flag=True, help="Run again even if an earlier run already processed the same files.")
def run(
    *,
    extracts: tuple[str, ...],
    out: Path,
    fmt: str,
    as_of: date | None,
    quiet: bool,
    as_json: bool,
    engine: Engine,
    **result_options: Any,  # noqa: ANN401 -- passed on as they are
) -> None:
    """Read, check, decide and publish claim extracts: files, folders or globs."""
    options = RunOptions(
        extracts,
        out,
        day_of(as_of),
        format=fmt,
        **result_options,
    )
    report_begin(options)
    with reported(quiet=quiet or as_json) as progress:
        outcome = engine(options, progress)
    report_outcome(outcome)
    if as_json:
        print_json(outcome.manifest.model_dump(mode="json"))
    elif not quiet:
        _print(outcome)
    _raise_for(outcome, result_options["max_quarantine_rate"])


def _print(outcome: RunOutcome) -> None:
    from claims_edit.cli.tables import console  # noqa: PLC0415 -- rich loads here
    from claims_edit.report.terminal import terminal_summary  # noqa: PLC0415 -- likewise

    screen = console()
    if outcome.repeated:
        screen.print(
            f"Skipped: run {outcome.manifest.run_id} already processed these files with the same rules and options."
            " Add --force to repeat it.",
            highlight=False,
        )
    screen.print(
        terminal_summary(
            outcome.manifest.model_dump(mode="json"), outcome.run_dir, as_named(outcome.run_dir.parent.parent)
        )
    )


def _raise_for(outcome: RunOutcome, rate: float | None) -> None:
    """Raise the exit code of a published run, if it has one."""
    if outcome.refused:
        raise InputError(*outcome.refused)
    if outcome.over_threshold:
        counts = outcome.manifest.counts
        raise ThresholdError(
            f"run {outcome.manifest.run_id}: {counts.rows_quarantined} of {counts.rows_read} rows were"
            f" refused, more than --max-quarantine-rate {rate} allows. The results are published: see data_quality.csv."
        )
