"""Mappings: presets, own ones on top of them, alternative names, and rows that carry several lines."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims_edit.errors import InputError, UsageError
from claims_edit.intake.extract import FAULT, ORDINAL, Extract
from claims_edit.intake.files import SourceFile
from claims_edit.intake.header import read_header
from claims_edit.intake.layout import resolve
from claims_edit.intake.mapping import Mapping
from claims_edit.intake.mapping_file import load_mapping, mapping_record
from claims_edit.intake.readers import PARQUET
from claims_edit.intake.wide import WideExtract, one_line_a_row
from claims_edit.presets import NAMES, preset_text, presets

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs" / "mapping.md"
HERE = Path("night.csv")
NEEDED = ["claim_id", "claim_type", "member_id", "payer", "claim_start_date"]
GIVEN = dict.fromkeys(NEEDED, "x") | {"claim_type": "undetermined"}


def faults_of(call: Any, *arguments: Any, **more: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        call(*arguments, **more)
    return list(caught.value.faults)


def mapping_of(tmp_path: Path, text: str) -> Mapping:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path)


# --- presets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_is_valid_and_documented(name: str) -> None:
    mapping = load_mapping(Path(name))
    assert mapping.columns
    assert f"`{name}`" in DOCS.read_text(encoding="utf-8")
    assert mapping_record(Path(name)) == {
        "path": f"preset:{name}",
        "sha256": hashlib.sha256(preset_text(name).encode()).hexdigest(),
    }


def test_presets_are_recognized_by_what_their_files_say() -> None:
    found = {preset.name: preset for preset in presets()}
    assert tuple(found) == NAMES == tuple(sorted(NAMES))
    for name, preset in found.items():
        mapping = load_mapping(Path(name))
        assert (preset.about, preset.lacks) == (mapping.about, mapping.lacks)
        assert "\n" not in preset.about + preset.lacks
    with pytest.raises(UsageError, match=r"mapping rif: no such preset\. The presets are cms-"):
        preset_text("rif")


def test_a_name_is_a_preset_and_anything_else_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_mapping(Path("tuva")).columns == {"person_id": ("person_id", "patient_id")}
    Path("plain").write_text("columns: {plan: P}", encoding="utf-8")
    assert load_mapping(Path("plain")).columns == {"plan": ("P",)}
    Path("tuva").write_text("columns: {plan: P}", encoding="utf-8")
    assert faults_of(load_mapping, Path("tuva")) == [
        "tuva: is both a preset and a file here. Rename the file, e.g. to tuva.yaml."
    ]
    assert load_mapping(tmp_path / "tuva").columns == {"plan": ("P",)}
    Path("tuva").rename("tuva.yaml")
    assert load_mapping(Path("tuva.yaml")).columns == {"plan": ("P",)}
    assert faults_of(load_mapping, Path("tuva.yml")) == [
        "tuva.yml: the mapping cannot be read (No such file or directory). Check the path."
    ]
    assert faults_of(load_mapping, Path("nought")) == [
        f"nought: no such mapping file, and no such preset. The presets are {', '.join(NAMES)}."
    ]


def test_what_is_kept_in_an_own_mapping_wins_column_by_column(tmp_path: Path) -> None:
    base = load_mapping(Path("cms-rif-carrier"))
    own = mapping_of(
        tmp_path,
        "preset: cms-rif-carrier\ncolumns: {payer: PLAN, plan: P}\nconstants: {claim_type: undetermined}\n"
        "values: {diagnosis_code_type: {X: icd-10-cm}}\noptional: [hcpcs_modifier_2]\ndelimiter: '|'\n",
    )
    assert own.columns == base.columns | {"payer": ("PLAN",), "plan": ("P",)}
    assert own.constants == {"claim_type": "undetermined", "line_of_business": "medicare_ffs"}
    assert own.values == {"diagnosis_code_type": {"X": "icd-10-cm"}}
    assert own.optional == (*base.optional, "hcpcs_modifier_2")
    assert (own.lines, own.date_formats, own.delimiter) == (13, base.date_formats, "|")


def test_a_manifest_names_the_file_and_the_preset_below_it(tmp_path: Path) -> None:
    mapping_of(tmp_path, "preset: tuva\nconstants: {payer: Regence}\n")
    path = tmp_path / "mine.yaml"
    assert mapping_record(path) == {
        "path": path.as_posix(),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "preset": "tuva",
        "preset_sha256": hashlib.sha256(preset_text("tuva").encode()).hexdigest(),
    }
    path.write_bytes(b"\xef\xbb\xbfcolumns: {plan: P}\r\n")
    assert mapping_record(path) == {"path": path.as_posix(), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    assert load_mapping(path).columns == {"plan": ("P",)}
    assert mapping_record(None) is None


BAD = {
    "preset: nought\ncolumns: {plann: a}": ["columns: no such column of a claim line: plann", "preset: no such preset"],
    "preset: [tuva]": ["preset: no such preset. The presets are "],
    "preset: tuva\ncolumns: [a]": ["columns: is not a mapping of names to values"],
    "preset: tuva\nconstants: [a]\noptional: {a: b}": ["constants: is not a mapping", "optional: is not a list"],
    "columns: {plan: []}": ["columns: no column of the extract for plan"],
    "columns: {plan: [a, [b]]}": ["columns.plan.1: must be a single value, not a list or a mapping"],
    "columns: {plan: ''}": ["columns.plan.0: is empty"],
    "optional: [plann]": ["optional: no such column of a claim line: plann"],
    "lines: many": ["lines: is not a whole number"],
    "lines: 1\ncolumns: {claim_line_number: '{n}'}": ["lines: is less than 2"],
    "lines: 64\ncolumns: {claim_line_number: '{n}', plann: a}": [
        "columns: no such column of a claim line: plann", "lines: is more than 63",
    ],
    "lines: 3": ['columns: with `lines`, claim_line_number is "{n}" or a column'],
    "columns: {hcpcs_code: 'P{n}'}": ["columns: {n} in a name needs the key `lines`: hcpcs_code"],
    "lines: 2\ncolumns: {claim_line_number: '{n}', plan: '{n}'}": ["columns: only claim_line_number can be {n} itself"],
    "lines: 2\ncolumns: {claim_line_number: '{n}'}\nline_signs: [TAX]": ["line_signs: a line sign is a column's name"],
    "line_signs: ['TAX_{n}']": ["line_signs: line signs need the key `lines`"],
    "null_values: {plann: x}": ["null_values: no such column of a claim line: plann"],
    "null_values: {plan: {a: b}}": ["null_values.plan: is not a list"],
    "constants: {plan: ' '}": ["constants: the value of plan is empty"],
    "columns: {plan: P}\nconstants: {plan: Q, payer: R}": ["constants: plan is under columns too"],
    "header: maybe": ["header: is not true or false"],
    "names: [A, B]": ["names: names are for a text without a header line: add the key `header: false`"],
    "header: false\nnames: [A, b, a]": ["names: duplicate name: A, a"],
    "fixed_width: {A: 1 to 3}": ["fixed_width.A: is not a position such as 1-13"],
    "fixed_width: {A: {start: 1}}": ["fixed_width.A: is not a position such as 1-13"],
    "fixed_width: {A: 5-3}": ["fixed_width.A: is not a position: the first character is 1"],
    "fixed_width: {A: 0-3, B: {start: 4, length: 0}}": [
        "fixed_width.A: is not a position: ", "fixed_width.B: is not a position: ",
    ],
    "fixed_width: {A: 1-3, a: 4-5}": ["fixed_width: duplicate name: A, a"],
    "fixed_width: {A: 1-3}\ndelimiter: '|'": ["fixed_width: a text has positions, or a delimiter and names"],
    "record_length: 5": ["record_length: a record length needs the key `fixed_width`"],
    "fixed_width: {A: 1-3}\nrecord_length: some": ["record_length: must be a number of characters or `varies`"],
    "skip_rows: -1\nskip_footer: few": ["skip_footer: is not a whole number", "skip_rows: is less than 0"],
    "rows: {A: []}": ["rows: no value for A"],
    "rows_except: [A]": ["rows_except: is not a mapping of names to values"],
    "values: {claim_type: {P: profesional, I: Institutional}}\nconstants: {hcpcs_code: 600T, plan: any}": [
        "constants: not a valid value of the column: hcpcs_code: 600T",
        "values: not a valid value of the column: claim_type: profesional",
    ],
    "row: {A: B}": ["row: no such key of a mapping"],
}  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_faults_are_reported_all_at_once(tmp_path: Path, text: str) -> None:
    found = faults_of(mapping_of, tmp_path, text)
    assert len(found) == len(BAD[text])
    for fault, wanted in zip(found, BAD[text], strict=True):
        assert fault.startswith(f"{tmp_path / 'mine.yaml'}: {wanted}")


def test_keys_of_texts_and_rows(tmp_path: Path) -> None:
    mapping = mapping_of(
        tmp_path,
        "header: No\nfixed_width: {A: 1-3, B: {start: 4, length: 2}, C: {start: 6, end: 9}, D: 10}\n"
        "record_length: 10\nskip_rows: 2\nskip_footer: 1\nrows: {A: x, B: [y, z]}\nrows_except: {A: [w]}\n"
        "null_values: {'*': '~', plan: [N/A, '-']}\n",
    )
    assert {name: (place.start, place.end) for name, place in mapping.fixed_width.items()} == {
        "A": (1, 3), "B": (4, 5), "C": (6, 9), "D": (10, 10),
    }  # fmt: skip
    assert (mapping.header, mapping.record_length, mapping.skip_rows, mapping.skip_footer) == (False, 10, 2, 1)
    assert mapping.row_columns() == ("A", "B")
    assert (mapping.empty_words("plan"), mapping.empty_words("payer")) == (("~", "N/A", "-"), ("~",))
    chosen = [{"A": "x", "B": "z"}, {"A": "x", "B": ""}, {"A": "w", "B": "y"}, {"B": "y"}]
    assert [mapping.chooses(fields) for fields in chosen] == [True, False, False, False]
    assert mapping_of(tmp_path, "null_values: [NULL]").empty_words("plan") == ("NULL",)


def test_a_constant_of_ones_own_takes_the_place_of_a_presets_column(tmp_path: Path) -> None:
    own = mapping_of(tmp_path, "preset: cms-rif-carrier\nconstants: {rendering_npi: '1234567893'}\n")
    assert "rendering_npi" not in own.columns
    assert own.constants["payer"] == "Medicare"


def test_a_value_may_be_mapped_to_nothing(tmp_path: Path) -> None:
    assert mapping_of(tmp_path, "values: {plan: {OTHER: '', A: B}}").values == {"plan": {"OTHER": None, "A": "B"}}


# --- names of columns -------------------------------------------------------------------------------------------------


def layout(found: list[str], **keys: Any) -> Any:
    return resolve(HERE, [*NEEDED, *found], Mapping.model_validate(keys))


def test_of_several_names_the_first_that_is_there_is_taken() -> None:
    keys = {"columns": {"claim_line_number": "LN", "hcpcs_code": ["A", "B"]}}
    assert layout(["LN", "B", "a"], **keys).sources["hcpcs_code"] == "a"
    assert layout(["LN", "B", "C"], **keys).sources["hcpcs_code"] == "B"
    (fault,) = faults_of(layout, ["LN", "C"], **keys)
    assert "the mapping takes hcpcs_code from A or B, which is not in the extract. Found: " in fault
    assert "hcpcs_code" not in layout(["LN", "C"], **keys, optional=["hcpcs_code"]).columns


WIDE = {"lines": 3, "columns": {"claim_line_number": "{n}", "hcpcs_code": ["P{nn}", "P_{n}"], "plan": "PLAN"}}


@pytest.mark.parametrize(
    ("found", "sources"),
    [
        (["P01", "P02", "P03"], {"hcpcs_code__1": "P01", "hcpcs_code__2": "P02", "hcpcs_code__3": "P03"}),
        (["p_1", "P_2"], {"hcpcs_code__1": "p_1", "hcpcs_code__2": "P_2"}),
        (["P_1"], {"hcpcs_code__1": "P_1"}),
    ],
)
def test_numbered_columns_are_found_for_each_line(found: list[str], sources: dict[str, str]) -> None:
    wide = layout(["PLAN", *found], **WIDE)
    assert wide.lines == len(found)
    assert {name: source for name, source in wide.sources.items() if "__" in name} == sources
    assert set(wide.of_one_line().sources) == {*NEEDED, "plan", "claim_line_number", "hcpcs_code"}
    assert set(wide.columns) == {*NEEDED, "plan", "claim_line_number", "hcpcs_code"}


FITS_NOT = {
    "takes P_{n} from the extract, but line 1, 2 lacks it": ["PLAN", "P_3"],
    "reads 3 lines per row, but the extract has P_4": ["PLAN", "P_1", "P_2", "P_3", "P_4"],
    "takes plan from PLAN, which is not in the extract": ["P_1"],
    "takes hcpcs_code from P{nn} or P_{n}, which is not in the extract": ["PLAN", "claim_line_number"],
}


@pytest.mark.parametrize("word", FITS_NOT)
def test_numbered_columns_that_do_not_fit_are_refused(word: str) -> None:
    (fault,) = faults_of(layout, FITS_NOT[word], **WIDE)
    assert fault.startswith("night.csv: ")
    assert word in fault


def test_rows_that_leave_out_what_is_empty_may_lack_columns_of_a_line() -> None:
    mapping = Mapping.model_validate(WIDE)
    wide = resolve(HERE, [*NEEDED, "PLAN", "P_3"], mapping, sparse=True)
    assert wide.lines == 3
    assert "hcpcs_code__3" in wide.sources
    assert "hcpcs_code__1" not in wide.sources
    assert {"p_3", "p04", "plan", "claim_id"} <= mapping.wanted()


def test_the_delimiter_is_found_from_numbered_names() -> None:
    assert read_header(HERE, "P_1|P_2;x,y,z,z,z|q\n", Mapping.model_validate(WIDE)).delimiter == "|"


# --- rows that carry several lines ------------------------------------------------------------------------------------


class Frames(Extract):
    """An extract that was read already."""

    def __init__(self, frame: pl.DataFrame, mapping: Mapping) -> None:
        super().__init__(SourceFile(HERE, PARQUET), resolve(HERE, frame.columns, mapping))
        self._frame = frame.select(pl.col(source).alias(name) for name, source in self.layout.sources.items())
        self._numbered = self._frame.with_columns(pl.int_range(1, pl.len() + 1).alias(ORDINAL))
        self.warnings["seen"] = 1

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        yield from self._numbered.iter_slices(rows)

    def rejects(self) -> pl.DataFrame:
        return super().rejects().clear(1)

    def restart(self) -> Extract | None:
        return self

    def source_row(self) -> pl.DataFrame:
        return pl.DataFrame({"after": [0, 2], "shift": [0, 1]})


LINES = Mapping.model_validate(
    {
        "lines": 3,
        "line_signs": ["TAX{n}"],
        "columns": {"claim_line_number": "{n}", "hcpcs_code": "P{n}", "charge_amount": "C{n}", "rendering_npi": "N{n}"},
        "optional": ["charge_amount", "rendering_npi"],
        "constants": GIVEN,
    }
)


def lines_of(columns: dict[str, Any], rows: int = 1000, mapping: Mapping = LINES) -> pl.DataFrame:
    frame = pl.DataFrame(columns)
    absent = [f"TAX{n}" for n in (1, 2, 3) if f"TAX{n}" not in columns and f"P{n}" in columns]
    wide = one_line_a_row(Frames(frame.with_columns(pl.lit("").alias(name) for name in absent), mapping))
    assert isinstance(wide, WideExtract)
    return pl.concat(wide.batches(rows))


def test_lines_come_in_order_with_their_ordinals() -> None:
    found = lines_of({"P1": ["A", "", "C"], "P2": ["", "", "D"], "P3": ["B", "", None], "TAX3": ["", "", "9"]})
    assert found.select("claim_line_number", "hcpcs_code", FAULT).rows() == [
        (1, "A", None), (3, "B", None), (1, "", "row-claim-without-lines"), (1, "C", None), (2, "D", None),
        (3, None, None),
    ]  # fmt: skip
    assert [divmod(ordinal, 1 << WideExtract.LINE_BITS) for ordinal in found[ORDINAL]] == [
        (1, 1), (1, 3), (2, 1), (3, 1), (3, 2), (3, 3),
    ]  # fmt: skip


def test_batches_are_as_large_as_asked_for_and_no_larger() -> None:
    frame = pl.DataFrame({f"P{n}": ["A" if n < 3 else ""] * 100 for n in (1, 2, 3)})
    rows = Frames(frame.with_columns(pl.lit("").alias(f"TAX{n}") for n in (1, 2, 3)), LINES)
    assert [batch.height for batch in WideExtract(rows).batches(30)] == [20] * 10
    assert [batch.height for batch in WideExtract(rows).batches(60)] == [40] * 5
    assert [batch.height for batch in WideExtract(rows).batches(1)] == [2] * 100


NOTHING = {
    "P": ["", " ", None, "0", "00", "-", "NULL"],
    "C": ["", "0", "0.00", "-0.0", ".00", " 0 ", None, 0, 0.0, float("nan"), Decimal("0.00")],
    "N": ["", "  ", None, 0, 0.0, float("nan"), "0", "n/a"],
    "TAX": ["", "\t", None],
}
SOMETHING = {
    "P": ["A", "0A", "?A"],
    "C": ["1", "0.01", "-5", "ten", "0x", 1, -0.5, Decimal("0.01")],
    "N": ["1", "x", 1234567893, 1234567893.0],
    "TAX": ["0", "000000000", "A"],
}


@pytest.mark.parametrize(
    ("name", "value", "is_line"),
    [
        (name, value, is_line)
        for values, is_line in ((NOTHING, False), (SOMETHING, True))
        for name in values
        for value in values[name]
    ],
)
def test_which_values_speak_for_a_line(name: str, value: Any, is_line: bool) -> None:
    dtype = pl.String if value is None else None
    columns: dict[str, Any] = {"P1": ["A"], "P2": [""], "C1": [None], "C2": [None], "N1": [""], "N2": [""]}
    columns |= {"TAX1": [""], "TAX2": [""], f"{name}2": pl.Series([value], dtype=dtype)}
    assert lines_of(columns)["claim_line_number"].to_list() == ([1, 2] if is_line else [1])


def test_a_number_or_a_code_set_alone_is_no_line() -> None:
    mapping = Mapping.model_validate(
        {
            "lines": 2,
            "columns": {"claim_line_number": "LN{n}", "hcpcs_code": "P{n}", "diagnosis_code_type": "V{n}"},
            "constants": GIVEN,
        }
    )
    columns = {"LN1": ["7"], "LN2": ["8"], "P1": [""], "P2": ["A"], "V1": ["0"], "V2": ["0"]}
    assert lines_of(columns, mapping=mapping).select("claim_line_number", "hcpcs_code").rows() == [("8", "A")]


def test_types_that_differ_from_line_to_line_become_text() -> None:
    found = lines_of(
        {
            "P1": ["0600T"], "P2": [99213], "P3": [99214.0],
            "C1": [Decimal("1.50")], "C2": [0.1 + 0.2], "C3": [7],
            "N1": [1234567893.0], "N2": [1234567893], "N3": [None],
        }
    )  # fmt: skip
    assert found["hcpcs_code"].to_list() == ["0600T", "99213", "99214"]
    assert found["charge_amount"].to_list() == [
        "1.50",
        "0.30000000000000004",
        "7",
    ]  # the core reads all of them as cents
    assert found["rendering_npi"].to_list() == ["1234567893", "1234567893", None]


def test_types_that_agree_stay() -> None:
    found = lines_of({"P1": ["A"], "P2": ["B"], "C1": [Decimal("1.50")], "C2": [Decimal("2.50")]})
    assert found.schema["charge_amount"] == pl.Decimal(38, 2)
    assert found["charge_amount"].to_list() == [Decimal("1.50"), Decimal("2.50")]


@pytest.mark.parametrize("second", [None, date(2026, 3, 2)])
def test_days_of_a_line_stay_days_or_become_their_text(second: date | None) -> None:
    keys = {"lines": 2, "columns": {"claim_line_number": "{n}", "claim_start_date": "D{n}"}}
    mapping = Mapping.model_validate({**keys, "constants": {name: GIVEN[name] for name in NEEDED[:4]}})
    found = lines_of({"D1": [date(2026, 3, 1)], "D2": [second]}, mapping=mapping)
    assert [str(day) for day in found["claim_start_date"]] == ["2026-03-01", "2026-03-02"][: 2 if second else 1]


def test_all_but_the_lines_is_the_inner_extracts() -> None:
    rows = Frames(pl.DataFrame({"P1": ["A"], "TAX1": [""]}), LINES)
    wide = one_line_a_row(rows)
    assert (wide.file, wide.warnings) == (rows.file, rows.warnings)
    assert wide.rejects().height == 1
    assert wide.source_row().equals(rows.source_row())
    assert isinstance(wide.restart(), WideExtract)
    assert wide.layout.sources == {"claim_line_number": "{n}", "hcpcs_code": "P{n}"}
    plain = Mapping.model_validate({"constants": GIVEN})
    narrow = Frames(pl.DataFrame({"claim_line_number": ["1"]}), plain)
    assert one_line_a_row(narrow) is narrow


CELLS = st.sampled_from(["", " ", "0", "0.00", "0600T", "12.50"])
SLOT = st.fixed_dictionaries({"P": CELLS, "C": CELLS, "N": CELLS, "TAX": CELLS})


@pytest.mark.long
@given(rows=st.lists(st.tuples(SLOT, SLOT, SLOT), min_size=1, max_size=8), batch=st.integers(1, 30))
def test_unpivoting_agrees_with_a_reading_row_by_row(rows: list[tuple[dict[str, str], ...]], batch: int) -> None:
    expected: list[tuple[int, str, str | None]] = []
    for row in rows:
        used = [
            (n, slot["P"], None)
            for n, slot in enumerate(row, 1)
            if slot["TAX"].strip() or any(slot[name].strip(" .0") for name in "PNC")
        ]
        expected += used or [(1, row[0]["P"], "row-claim-without-lines")]
    columns = {f"{name}{n}": [row[n - 1][name] for row in rows] for name in ("P", "C", "N", "TAX") for n in (1, 2, 3)}
    found = lines_of(columns, batch)
    assert found.select("claim_line_number", "hcpcs_code", FAULT).rows() == expected
    assert found[ORDINAL].is_sorted()
    assert found[ORDINAL].n_unique() == found.height
