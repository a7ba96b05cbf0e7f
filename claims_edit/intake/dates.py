"""Dates as text: which forms are read, and what a date format of a mapping means.

ISO dates, CCYYMMDD and ISO or SQL timestamps need no format; of a timestamp the day counts as it is written, whatever
its zone. Everything else needs a format, and a format is strict: the whole text, and as many digits as it names.
"""

from __future__ import annotations

import re
from functools import cache

import polars as pl

from claims_edit.value_rules import is_date

_TIME = r"([01][0-9]|2[0-3])(:[0-5][0-9](:[0-5][0-9]([.,][0-9]+)?)?|[0-5][0-9]([0-5][0-9]([.,][0-9]+)?)?)"
_ZONE = r" ?(Z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)"
_DAY = r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
STAMPED = rf"(?i)^{_DAY}(?:[T ]{_TIME}(?:{_ZONE})?)?$"
COMPACT = STAMPED.replace("-(", "(")
FIRST_SHORT_YEAR = 90  # of two digits: 90 to 99 are 1990 to 1999, 00 to 89 are 2000 to 2089

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTH_NUMBERS = {name[:width]: f"{month:02}" for month, name in enumerate(_MONTHS, 1) for width in (3, len(name))}
_SHORTHANDS = {"%F": "%Y-%m-%d", "%D": "%m/%d/%y", "%T": "%H:%M:%S", "%R": "%H:%M"}
_ONE_OR_TWO = "[0-9]{1,2}"
_DIRECTIVES = {
    "Y": "(?P<year>[0-9]{4})",
    "y": "(?P<short_year>[0-9]{2})",
    "m": f"(?P<month>{_ONE_OR_TWO})",
    "b": "(?P<name>[A-Za-z]{3})",
    "B": "(?P<name>[A-Za-z]{3,9})",
    "d": f"(?P<day>{_ONE_OR_TWO})",
    "e": f" ?(?P<day>{_ONE_OR_TWO})",
    "j": "(?P<day_of_year>[0-9]{3})",
    "H": _ONE_OR_TWO,
    "I": " ?[0-9]{1,2}",
    "M": "[0-9]{2}",
    "S": "[0-9]{2}",
    "f": "[0-9]{1,9}",
    "p": "[AaPp][Mm]",
    "z": "(?:Z|[+-][0-9]{2}:?[0-9]{2})",
    "a": "[A-Za-z]{3}",
    "A": "[A-Za-z]{6,9}",
    "%": "%",
}  # fmt: skip
_DIGITS = "YymdejHIMSf"  # directives of digits: next to one another they are read with two each
_PARTS = re.compile(r"%(.?)|([^%]+)", re.DOTALL)


@cache
def format_pattern(text: str) -> str:
    """The regular expression of a date format, with a group for each part of the date.

    Raises:
        ValueError: the format has a directive that is not known, or does not name one day.
    """
    for short, whole in _SHORTHANDS.items():
        text = text.replace(short, whole)
    text = re.sub("%[-_0](?=[A-Za-z])", "%", text)  # padding is for writing
    parts = [(found[1] or "", found[2] or "") for found in _PARTS.finditer(text)]
    unknown = sorted({f"%{directive}" for directive, literal in parts if not literal and directive not in _DIRECTIVES})
    if unknown:
        raise ValueError(f"a date format has no {' or '.join(unknown)}. Use %Y %y %m %b %B %d %e %j and those of times")
    named = "".join(directive for directive, literal in parts if not literal and directive != "%")
    days = [sum(named.count(directive) for directive in kind) for kind in ("Yy", "mbB", "de", "j")]
    if days not in ([1, 1, 1, 0], [1, 0, 0, 1]):
        raise ValueError("a date format names one year, one month and one day, such as %d-%b-%Y")
    return "^" + "".join(_part(parts, place) for place in range(len(parts))) + "$"


def _part(parts: list[tuple[str, str]], place: int) -> str:
    directive, literal = parts[place]
    if literal:
        return re.escape(literal)
    beside = parts[max(place - 1, 0) : place] + parts[place + 1 : place + 2]
    glued = any((other and other in _DIGITS) or (text and text[0].isdigit()) for other, text in beside)
    pattern = _DIRECTIVES[directive]
    return pattern.replace(_ONE_OR_TWO, "[0-9]{2}") if glued else pattern


def iso_date(text: pl.Expr, formats: tuple[str, ...] = ()) -> pl.Expr:
    """A date as ISO text, from ISO and SQL timestamps, CCYYMMDD and other `formats`; what is no date stays as it is."""
    plain = text.str.replace(STAMPED, "${1}-${2}-${3}").str.replace(COMPACT, "${1}-${2}-${3}")
    if not formats:
        return plain
    return (
        pl.when(is_date(plain)).then(plain).otherwise(pl.coalesce(*(_formatted(text, form) for form in formats), plain))
    )


def _formatted(text: pl.Expr, form: str) -> pl.Expr:
    """The ISO date of text in that format; null where it is not, or where the calendar lacks the day."""
    pattern = format_pattern(form)
    parts = text.str.extract_groups(pattern).struct

    def part(name: str) -> pl.Expr:
        return parts.field(name)

    if "<year>" in pattern:
        year = part("year")
    else:
        is_old = part("short_year").cast(pl.UInt8, strict=False) >= FIRST_SHORT_YEAR
        year = pl.when(is_old).then(pl.lit("19")).otherwise(pl.lit("20")) + part("short_year")
    if "<day_of_year>" in pattern:
        day = (year + "-" + part("day_of_year")).str.to_date("%Y-%j", strict=False)
        return day.dt.to_string("iso")
    if "<name>" in pattern:
        month = part("name").str.to_lowercase().replace_strict(_MONTH_NUMBERS, default=None, return_dtype=pl.String)
    else:
        month = part("month").str.zfill(2)
    return (
        (year + "-" + month + "-" + part("day").str.zfill(2)).str.to_date("%Y-%m-%d", strict=False).dt.to_string("iso")
    )
