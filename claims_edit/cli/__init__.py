"""The command line. Commands parse, call one function, exit; heavy libraries load only in a command."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from claims_edit import __version__
from claims_edit.errors import ClaimsEditError, RulesError

COMMANDS = {
    "run": ("claims_edit.cli.run", "Read, check, decide and publish claim extracts."),
    "validate": ("claims_edit.cli.validate", "Validate extracts only; nothing is decided or written."),
    "explain": ("claims_edit.cli.explain", "Explain the decision of a claim line."),
    "report": ("claims_edit.cli.report", "Print or write a report of a run."),
    "sql": ("claims_edit.cli.sql", "Query the results with SQL, read-only."),
    "runs": ("claims_edit.cli.runs", "List the published runs."),
    "prune": ("claims_edit.cli.prune", "Remove what old runs have besides current decisions."),
    "rebuild": ("claims_edit.cli.rebuild", "Make the DuckDB file anew from the Parquet files."),
    "mapping": ("claims_edit.cli.mapping", "List and show the built-in mappings for --mapping."),
    "rules": ("claims_edit.cli.rules", "Check and read the rule pack."),
    "sample": ("claims_edit.cli.sample", "Write a seeded synthetic extract of any size."),
}


class LateGroup(click.Group):
    """A group that imports each command on first use, so that `--version` and `--help` are fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        """The commands, in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- click's signature
        """The command of that name, imported on demand."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command = getattr(module, cmd_name)
        return command if isinstance(command, click.Command) else None

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 -- click's signature
        """Run the command; a reader that closes the pipe (`| head`) is not a fault, as in click."""
        try:
            answer = super().invoke(ctx)
            sys.stdout.flush()
        except ClaimsEditError as error:
            from claims_edit.cli.options import in_their_folder  # noqa: PLC0415 -- for faults alone
            from claims_edit.cli.results_place import in_their_place  # noqa: PLC0415 -- likewise

            if isinstance(error, RulesError):
                raise in_their_folder(ctx, error) from None
            raise in_their_place(ctx, error) from None
        except KeyboardInterrupt:
            raise click.Abort from None  # else click writes an empty line first
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        return answer

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's signature
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LateGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="claims-edit")
def cli() -> None:
    """Edit claim lines under each payer's medical policy, and explain each decision.

    Exit codes: 0 done (denials are normal output), 2 usage, 10 rules, 11 input file, 12 a threshold was passed,
    13 results folder busy, damaged or not writable (disk or memory too small), 1 a bug.
    """
