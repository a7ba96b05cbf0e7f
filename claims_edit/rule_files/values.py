"""The kinds of value that a rules file holds: every one is read from text, as YAML's own guessing is not trusted."""

import datetime as dt
import re
from typing import Annotated, Literal

import polars as pl
from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

_FIRST_DAY, _LAST_DAY = "1900-01-01", "2199-12-31"


def _iso_date(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("is not a date of the form YYYY-MM-DD")
    if not _FIRST_DAY < value <= _LAST_DAY:
        raise ValueError("is out of range; leave an open end out")
    return value


def _true_or_false(value: object) -> object:
    if value not in ("true", "false"):
        raise ValueError("is neither true nor false")
    return value == "true"


def _compiles(value: str) -> str:
    if not (value.startswith("^") and value.endswith("$")):
        raise ValueError("does not span the whole id: begin it with ^ and end it with $")
    try:
        re.compile(whole_id(value))
    except re.error as error:
        raise ValueError("is not a regular expression") from error
    try:
        pl.Series([""]).str.contains(whole_id(value))
    except pl.exceptions.ComputeError as error:
        raise ValueError("is no regular expression that lines can be read by: write it without look-around") from error
    return value


def whole_id(pattern: str) -> str:
    """The pattern of a whole id, so that none of several alternatives is left without an end."""
    return f"^(?:{pattern[1:-1]})$"


Text = Annotated[str, StringConstraints(min_length=1)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{5}$")]
Prefix = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{2,6}$")]
PrefixRange = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{2}-[A-Z][0-9]{2}$")]
Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 .,()/-]{1,50}$")]
Release = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}$")]
GroupCode = Literal["CO", "PR", "OA", "PI"]
Carc = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,5}$")]
Rarc = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,2}[0-9]{1,4}$")]
Day = Annotated[dt.date, BeforeValidator(_iso_date)]
Flag = Annotated[bool, BeforeValidator(_true_or_false)]
IdPattern = Annotated[str, BeforeValidator(_compiles)]


class Strict(BaseModel):
    """Frozen, and refuses every key that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Citation(Strict):
    """Where a value stands: the document's id, its section, and the date as the document gives it."""

    document: Key
    section: Text
    date: Text
