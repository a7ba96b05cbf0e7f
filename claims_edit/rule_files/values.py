"""The kinds of value in a rules file: each is read from text, because YAML's own type guessing is not reliable."""

import datetime as dt
import re
from typing import Annotated, Literal, TypeVar

import polars as pl
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

_T = TypeVar("_T")
_FIRST_DAY, _LAST_DAY = "1900-01-01", "2199-12-31"


def _iso_date(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("is not a date of the form YYYY-MM-DD")
    if not _FIRST_DAY < value <= _LAST_DAY:
        raise ValueError("is out of range; omit an open end")
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise ValueError("is not a day of the calendar") from None


def _true_or_false(value: object) -> object:
    if value not in ("true", "false"):
        raise ValueError("must be true or false")
    return value == "true"


def _each(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _compiles(value: str) -> str:
    if not (value.startswith("^") and value.endswith("$")):
        raise ValueError("does not match the whole id: begin it with ^ and end it with $")
    try:
        re.compile(whole_id(value))
    except re.error as error:
        raise ValueError("is not a regular expression") from error
    try:
        pl.Series([""]).str.contains(whole_id(value))
    except pl.exceptions.ComputeError as error:
        raise ValueError("is not a supported regular expression: write it without look-around") from error
    return value


def whole_id(pattern: str) -> str:
    """The pattern of a whole id, so that every alternative is anchored at both ends."""
    return f"^(?:{pattern[1:-1]})$"


class _OneOrMany:
    """Lets the schema of a list accept one item without the list."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        many = handler(schema)
        return {"anyOf": [many["items"], many]}


Text = Annotated[str, StringConstraints(min_length=1)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{5}$")]
ClaimCode = Annotated[
    str, StringConstraints(pattern=r"^([A-Z0-9]{5}|[0-9A-HJ-NP-Z]{7}|[A-Z][0-9]{2,3}(\+[A-Z][0-9]{2,3})+)$")
]
"""A code that a line can be decided by: its own, or one of its claim (ICD-10-PCS, OPCS-4 codes joined by +)."""
PcsCharacter = Annotated[str, StringConstraints(pattern=r"^[0-9A-HJ-NP-Z]$")]
OpcsCode = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{2,3}$")]
Prefix = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{2,6}$")]
PrefixRange = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{2}-[A-Z][0-9]{2}$")]
Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 .,()/-]{1,50}$")]
PlaceOfService = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]
Modifier = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2}$")]
Release = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}$")]
GroupCode = Literal["CO", "PR", "OA", "PI"]
Carc = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,5}$")]
Rarc = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,2}[0-9]{1,4}$")]
Day = Annotated[dt.date, BeforeValidator(_iso_date)]
Flag = Annotated[bool, BeforeValidator(_true_or_false)]
IdPattern = Annotated[str, BeforeValidator(_compiles)]
Each = Annotated[tuple[_T, ...], BeforeValidator(_each), Field(min_length=1), _OneOrMany()]
"""One value, or a list of them."""


class Strict(BaseModel):
    """Frozen; unknown keys are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Citation(Strict):
    """The source of a value: the document's id, its section, and the date as the document gives it."""

    document: Key
    section: Text
    date: Text


_IN_WORDS = {
    r"^[a-z][a-z0-9_]*$": "lowercase letters, digits and _, beginning with a letter, such as acme_health",
    r"^[A-Za-z0-9][A-Za-z0-9_-]*$": "letters, digits, - and _, beginning with a letter or digit, such as acme-ire-17",
    r"^[A-Z0-9]{5}$": "five capital letters or digits, such as 0600T; quote a code of digits only",
    r"^([A-Z0-9]{5}|[0-9A-HJ-NP-Z]{7}|[A-Z][0-9]{2,3}(\+[A-Z][0-9]{2,3})+)$": (
        "five capital letters or digits, such as 0600T, seven of ICD-10-PCS, or OPCS-4 codes joined by +"
    ),
    r"^[0-9A-HJ-NP-Z]{3}$": "three characters of ICD-10-PCS, such as 0F5",
    r"^[0-9A-HJ-NP-Z]$": 'one character of ICD-10-PCS (no I or O), such as "0"',
    r"^[A-Z][0-9]{2,3}$": "an OPCS-4 code without the dot, such as J128",
    r"^[A-Z][A-Z0-9]{2,6}$": "three to seven characters of an ICD-10-CM code without the dot, such as C22 or C787",
    r"^[A-Z][0-9]{2}-[A-Z][0-9]{2}$": "a range of ICD-10-CM categories, such as C00-C80",
    r"^[0-9]{2}$": 'two digits, such as "21"',
    r"^[A-Z0-9]{2}$": "two capital letters or digits, such as Q0",
    r"^[A-Z0-9]$": "one capital letter or digit, such as 1",
    r"^[A-Za-z0-9 .,()/-]{1,50}$": "at most 50 letters, digits, blanks and . , ( ) / -, as REF*0K of the 835 takes it",
    r"^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}$": "three numbers with dots, such as 2.1.0",
    r"^[A-Z0-9]{1,5}$": 'a claim adjustment reason code, such as "55"',
    r"^[A-Z]{1,2}[0-9]{1,4}$": "a remittance advice remark code, such as N130",
    r"^(none|[A-Z0-9.]{3,8}( [A-Z0-9.]{3,8}){0,24})$": "ICD-10-CM codes with blanks between them (C61 C787), or none",
    r"^(none|[A-Z0-9]{2}( [A-Z0-9]{2}){0,4})$": "up to five modifiers with blanks between them (Q0 LT), or none",
    r"^([0-9]{4}-[0-9]{2}-[0-9]{2}(/[A-Za-z0-9_-]+)?|none)$": (
        "the first day of a version, such as 2026-01-01 (of an edition 2026-01-01/medicaid), or none"
    ),
    r"^(none|[0-9]{1,6}(\.[0-9]{1,3})?)$": "a number, or none",
}
"""The patterns of values, in words: a fault shows people no regular expression."""


def in_words(pattern: str) -> str:
    """What a value of a pattern looks like."""
    return _IN_WORDS.get(pattern, "it as the comments of the shipped rules show")
