"""A table damaged one thing at a time: cells, rows and header.

A cell that is emptied shows nothing, nor does one valid value in another's place; what no longer has its shape does.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from tests.lib.damage.table_sound import COLUMNS
from tests.lib.damage.variant import Variant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.lib.damage.table_sound import Row, Sound

FOCUS = 1
HEADER = ",".join(COLUMNS) + "\n"
PLACEHOLDERS = ("NULL", "N/A", "NONE", "NaN", "\\N", "~", "UNKNOWN", "", " ", "0000", "nan", "none", "#N/A", "-", "?")
REQUIRED = ("claim_id", "claim_line_number", "claim_type", "member_id", "payer", "claim_line_start_date")
FORMS = (
    '="{}"', "{}-59", "hc:{}", " {}", "{} ", "{}.", "'{}'", "{},{}", "{}/{}", "-{}", "{}\u00a0", "\u200b{}", "{}\t",
    "[{}]", "{}*",
)  # fmt: skip
CODE_FORMS = {
    "hcpcs_code": FORMS, "hcpcs_modifier_1": FORMS, "hcpcs_modifier_2": FORMS, "diagnosis_code_1": FORMS,
    "diagnosis_code_2": (*FORMS, "ICD10:{}", "{};C25.1"), "diagnosis_code_3": (*FORMS, "ICD10:{}", "{};C25.1"),
    "condition_codes": (*FORMS, "{}.0", "0{}", "{}A6", "['{}']", "A6+{}", "A6/{}", "A6:{}"),
    "value_codes": (*FORMS, "{}.0", "0{}", "{}:5", "{}A1", "['{}']", "A1+{}", "A1/{}"),
    "claim_frequency_code": (
        "{}.0", "0{}", " {}", "{} ", "{}{}", "-{}", "'{}'", '="{}"', "void", "{};7", "{}-8", "[{}]", "{}\u00a0",
    ),
    "claim_filing_indicator_code": ("{}X", "-{}", "{}.", "'{}'", "?{}", '="{}"', " {}", "{}\u00a0", "{}:"),
    "diagnosis_code_type": ("{}x", "{}-", "x{}", "icd", "9", "icd9cm", "{} "),
    "claim_type": ("{}x", "P", "prof", "x{}", "{},{}", "1"),
}  # fmt: skip
DATE_FORMS = (
    "%Y%m%d.0", "%Y-%m-%dT00:00:00", "%Y-%m-%d 00:00:00.000", "%y-%m-%d", "%m/%d/%Y", "%Y-%-m-%-d", "%d-%b-%y",
    "00%y-%m-%d", "%Y-%m", "%Y", "%Y-O%-m-%d", "%s", "%Y-%m-%dZ", "%Y-%m-%dT25:00:00", "%Y/%m/%d", "%Y.%m.%d",
    "%d.%m.%Y", "%Y-%m-%d;%Y-%m-%d",
)  # fmt: skip
NO_DATES = ("45355", "45355.0", "2024-02-30", "1900-01-01", "9999-12-31", "99991231", "00000000")
CHARGES = (
    "9,425.00",
    "$9425.00",
    "9425.00-",
    "(9425.00)",
    "9425,00",
    "9.425E3",
    "9425.00000000001",
    "9425.0049",
    "USD 9425",
    "94 25.00",
)
IDS = ("2.02403E+11", "1.0E+10", "#REF!", "\x00", "A\nB")
LINE_NUMBERS = ("1.5", "one", "-1", "0", "1e0", "1;2", "99999999999999999999")
SHIFT_FROM = COLUMNS.index(
    "hcpcs_code"
)  # a shift that begins further right may move one text into another text's place


def undamaged(sound: Sound) -> Variant:
    """The table as it was sent."""
    return _of_rows(sound, "sound", "", sound.rows)


def damages(sound: Sound) -> Iterator[Variant]:
    """Every damage to the line of interest, and to the table around it, in a fixed order."""
    for column, damage, value in _cells(sound.rows[FOCUS]):
        rows = [*sound.rows]
        rows[FOCUS] = rows[FOCUS] | {column: value}
        yield _of_rows(sound, damage, column, rows)
    if sound.format == "csv":
        yield from _of_lines(sound)
        yield from _of_header(sound)
    else:
        yield from _types(sound)
    yield from _doubled(sound)


def _of_rows(sound: Sound, damage: str, place: str, rows: Iterable[dict[str, Any]]) -> Variant:
    if sound.format == "csv":
        return _of_text(sound, damage, place, "".join(_written(row) for row in rows))
    content = "".join(json.dumps({name: value for name, value in row.items() if value != ""}) + "\n" for row in rows)
    return _of_text(sound, damage, place, content, alone=sound.format == "parquet")


def _of_text(
    sound: Sound,
    damage: str,
    place: str,
    content: str,
    *,
    head: str = HEADER,
    alone: bool = False,
    kept: tuple[int, ...] = (0, 1, 2),
) -> Variant:
    return Variant(
        source=sound.name,
        format=sound.format,
        mapping="none",
        damage=damage,
        place=place,
        content=content,
        lines=sound.lines,
        owners=tuple((line,) for line in range(len(sound.lines))),
        kept=kept,
        alone=alone,
        head=head if sound.format == "csv" else "",
    )


def _written(row: Row) -> str:
    """A line of CSV."""
    cells = (row[name] for name in COLUMNS)
    quoted = ('"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in ',"\n\r') else cell for cell in cells)
    return ",".join(quoted) + "\n"


def _cells(row: Row) -> Iterator[tuple[str, str, str]]:
    yield from ((column, "placeholder", word) for column in REQUIRED for word in PLACEHOLDERS)
    for column, forms in CODE_FORMS.items():
        value = row[column]
        for form in forms if value else ():
            yield column, "value-garbled", form.format(value, value)
        if value.lower() != value:
            yield column, "value-lower-case", value.lower()
    dated = [name for name in ("claim_line_start_date", "claim_line_end_date") if row[name]]
    for column in dated:
        forms = [date.fromisoformat(row[column]).strftime(form) for form in DATE_FORMS]
        yield from ((column, "date-form", text) for text in (*forms, *NO_DATES) if text != row[column])
    yield from (("charge_amount", "amount-form", text) for text in CHARGES)
    yield from ((column, "id-garbled", text) for column in ("claim_id", "member_id") for text in IDS)
    yield from (("claim_line_number", "number-form", text) for text in LINE_NUMBERS)


def _of_lines(sound: Sound) -> Iterator[Variant]:
    """The lines of a CSV, split wrongly."""
    texts = [_written(row) for row in sound.rows]
    cells = texts[FOCUS].rstrip("\n").split(",")

    def changed(damage: str, place: str, text: str) -> Variant:
        return _of_text(sound, damage, place, "".join([*texts[:FOCUS], text, *texts[FOCUS + 1 :]]), alone=True)

    for at in range(len(cells)):
        name = COLUMNS[at]
        yield changed("cell-lost", name, ",".join([*cells[:at], *cells[at + 1 :]]) + "\n")
        yield changed("cell-inserted", name, ",".join([*cells[:at], "X", *cells[at:]]) + "\n")
        yield changed("quote-opened", name, ",".join([*cells[:at], f'"{cells[at]}', *cells[at + 1 :]]) + "\n")
        yield changed("quote-inside", name, ",".join([*cells[:at], f'"{cells[at]}"x', *cells[at + 1 :]]) + "\n")
        yield changed("line-broken", name, ",".join(cells[: at + 1]) + "\n" + ",".join(cells[at + 1 :]) + "\n")
        yield changed("delimiter-garbled", name, ",".join(cells[: at + 1]) + ";" + ",".join(cells[at + 1 :]) + "\n")
        if at <= SHIFT_FROM:
            yield changed("shifted-left", name, ",".join([*cells[:at], *cells[at + 1 :], ""]) + "\n")
            yield changed("shifted-right", name, ",".join([*cells[:at], "", *cells[at:-1]]) + "\n")
    for end in ("\r", "\n\n", ",,,\n", "\x1a\n"):
        yield changed("line-end", repr(end), texts[FOCUS].rstrip("\n") + end)
    for mark in ("", ",", " ", ";"):
        glued = changed("lines-glued", repr(mark), texts[FOCUS].rstrip("\n") + mark)
        yield replace(glued, owners=((0,), (1, 2)))
    yield changed("line-cut", "", texts[FOCUS][: len(texts[FOCUS]) // 2] + "\n")


def _of_header(sound: Sound) -> Iterator[Variant]:
    content = "".join(_written(row) for row in sound.rows)

    def changed(damage: str, place: str, names: list[str], mark: str = ",") -> Variant:
        return _of_text(sound, damage, place, content, head=mark.join(names) + "\n", alone=True)

    for at, name in enumerate(COLUMNS):
        for spelling in (name[:-1], f"{name}s", name.replace("_", "", 1), f"{name[:-2]}{name[-1]}{name[-2]}"):
            if spelling not in COLUMNS and (sound.rows[FOCUS][name] or name in REQUIRED):
                yield changed("header-misspelt", name, [*COLUMNS[:at], spelling, *COLUMNS[at + 1 :]])
        for spelling in (
            name.upper(),
            name.replace("_", " ").title(),
            f" {name} ",
            f'"{name}"',
            name.replace("_", "-"),
        ):
            yield changed("header-respelled", name, [*COLUMNS[:at], spelling, *COLUMNS[at + 1 :]])
        yield changed("header-doubled", name, [*COLUMNS[:at], COLUMNS[at - 1], *COLUMNS[at + 1 :]])
        yield changed("header-cell-lost", name, [*COLUMNS[:at], *COLUMNS[at + 1 :]])
        yield changed("header-cell-inserted", name, [*COLUMNS[:at], "extra", *COLUMNS[at:]])
    for mark in (";", "|", "\t", " "):
        yield changed("header-delimiter", repr(mark), list(COLUMNS), mark)


def _doubled(sound: Sound) -> Iterator[Variant]:
    """The line of interest again, with what may save it gone; in either order the two do not agree."""
    focus = sound.rows[FOCUS]
    poorer = focus | {
        name: ""
        for name in COLUMNS[COLUMNS.index("hcpcs_modifier_1") :]
        if name in {"hcpcs_modifier_1", "hcpcs_modifier_2", "diagnosis_code_2", "diagnosis_code_3"}
        or name in COLUMNS[-7:]
    }
    orders = {"again": (focus, focus), "poorer-behind": (focus, poorer), "poorer-before": (poorer, focus)}
    for order, both in orders.items():
        rows = (sound.rows[0], *both, sound.rows[2])
        variant = _of_rows(sound, "row-doubled", order, rows)
        yield replace(variant, owners=((0,), (1,), (1,), (2,)))


def _types(sound: Sound) -> Iterator[Variant]:
    """Values of a type that the column does not have by itself."""
    focus = sound.rows[FOCUS]
    for column in COLUMNS:
        text = focus[column]
        wrong: list[Any] = [[text], {"value": text}, [], {}, [text, "X"]] if text else []
        if text and sound.format == "ndjson":
            wrong.append(True)
        if _is_number(text) and (sound.format == "ndjson" or all(_is_number(row[column]) for row in sound.rows)):
            wrong += [float(text), int(float(text))]
        for value in wrong:
            rows: list[dict[str, Any]] = [dict(row) for row in sound.rows]
            if sound.format == "parquet":
                for row in rows:
                    row[column] = _alike(row[column], value)
            rows[FOCUS][column] = value
            kind = (
                "nested" if isinstance(value, (list, dict)) else "number" if not isinstance(value, bool) else "boolean"
            )
            yield _of_rows(sound, f"type-{kind}", column, rows)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _alike(text: str, value: Any) -> Any:
    """A neighbor's value as the same type, as a typed column has it."""
    match value:
        case float() | int():
            return type(value)(float(text))
        case list():
            return [text]
        case _:
            return {"value": text}
