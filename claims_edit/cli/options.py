"""Options that several commands share, and JSON output on the terminal."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from claims_edit.errors import RulesError
from claims_edit.local_path import REMEDY, is_url

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


EMPTY = "is empty, which would be the current folder. Name a path (. is the current folder)."


class PathText(click.ParamType[str]):
    """A path, glob or URL as text: an empty one is refused, as of a variable that is not set."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401 -- click's signature
        """The text."""
        if not value:
            self.fail(EMPTY, param, ctx)
        return str(value)


class LocalPath(click.Path):
    """A path of this machine: a URL is refused, and so is an empty text (see `PathText`)."""

    def __init__(self) -> None:
        """As `pathlib.Path`."""
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 -- click's signature
        """The path of a text."""
        if is_url(value):
            self.fail(f"{value} {REMEDY}", param, ctx)
        if not str(value):
            self.fail(EMPTY, param, ctx)
        try:
            Path(value).stat()
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                self.fail("a name in it is too long. Check the value.", param, ctx)
        return super().convert(value, param, ctx)


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the order of the help text."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


RULES = "claims_edit.rules"
"""The rules folder of a command in click's `meta`, for the places of its faults."""


def _remember(ctx: click.Context, _: click.Parameter, rules: Path | None) -> Path | None:
    ctx.meta[RULES] = rules
    return rules


rules_option = click.option(
    "--rules", type=LocalPath(), callback=_remember, help="A rules folder to use instead of the shipped rules."
)


def in_their_folder(ctx: click.Context, error: RulesError) -> RulesError:
    """The same faults, with the folder of --rules and the line of each file."""
    from claims_edit.policy.located import located  # noqa: PLC0415 -- for faults alone

    return RulesError(*located(error.faults, ctx.meta.get(RULES)))


json_flag = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def day_of(as_of: date | None) -> date:
    """The given as-of date, else today."""
    return as_of or datetime.now().astimezone().date()


def print_json(content: object) -> None:
    """One JSON document on standard output, keys sorted; dates and amounts are text."""
    sys.stdout.write(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, default=str) + "\n")
