"""Options that several commands share, and JSON output on the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


class Day(click.ParamType[date]):
    """An ISO date."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:  # noqa: ANN401 -- click's signature
        """The date of a text."""
        if isinstance(value, date):
            return value
        try:
            return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007 -- a calendar day
        except ValueError:
            self.fail("not a date. Write it as 2026-11-20.", param, ctx)


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the order of the help text."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


out_option = click.option("--out", required=True, type=click.Path(path_type=Path), help="The results folder.")
rules_option = click.option(
    "--rules", type=click.Path(path_type=Path), help="A rules folder to use instead of the shipped rules."
)
json_flag = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def day_of(as_of: date | None) -> date:
    """The given as-of date, else today."""
    return as_of or datetime.now().astimezone().date()


def print_json(content: object) -> None:
    """One JSON document on standard output, keys sorted; dates and amounts are text."""
    sys.stdout.write(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, default=str) + "\n")
