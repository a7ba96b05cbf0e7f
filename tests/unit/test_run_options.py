"""RunOptions and load_mapping take text and paths; a value that is not understood is refused, never a default."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from claims_edit import InputError, Mode, RunOptions, StalePolicy, UsageError, load_mapping
from claims_edit.report.registry import RUN_REPORTS

ROOT = Path(__file__).parents[2]
AS_OF = dt.date(2026, 11, 20)
GIVEN: dict[str, Any] = {"extracts": "claims.csv", "out": "results", "as_of": AS_OF}
SHADOW = {"mode": "shadow"}
NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.timezone(dt.timedelta(hours=-5)))
A_PATH = [("a/b", Path("a/b")), (Path("a/b"), Path("a/b"))]
URL = "s3://bucket/x"
NO_PATH = ["", "a\0b", b"a", 5, ["a"]]
A_FLAG = [(True, True), (False, False)]
NO_FLAG = ["no", "", 0, 1, None]

TAKEN: dict[str, list[tuple[Any, Any]]] = {
    "extracts": [
        ("a", ("a",)), (Path("a"), ("a",)), (["b", Path("a")], ("b", "a")), (iter(["a"]), ("a",)),
        ("s3://bucket/a//b", ("s3://bucket/a//b",)),
    ],
    "out": A_PATH,
    "as_of": [(AS_OF, AS_OF), ("2026-11-20", AS_OF), (NOON, AS_OF)],
    "rules": [*A_PATH, (None, None)],
    "contracts": [*A_PATH, (None, None)],
    "mapping": [*A_PATH, (None, None)],
    "format": [(name, name) for name in ("auto", "table", "x12", "fhir")],
    "mode": [*((each, each) for each in Mode), ("shadow", Mode.SHADOW)],
    "stale_policy": [*((each, each) for each in StalePolicy), ("review", StalePolicy.REVIEW)],
    "max_quarantine_rate": [(0, 0.0), (1, 1.0), (0.05, 0.05), (Decimal("0.5"), 0.5), (None, None)],
    "keep_going": A_FLAG,
    "accept_test_data": A_FLAG,
    "force": A_FLAG,
    "group": [("claims", "claims"), (None, None)],
    "reports": [("csv", ("csv",)), ([], ()), (["csv", "csv"], ("csv",)), (RUN_REPORTS[::-1], RUN_REPORTS)],
    "drafts_as_if_in_force": A_FLAG,
}  # fmt: skip
REFUSED: dict[str, list[Any]] = {
    "extracts": ["", [], (), iter([]), ["a", ""], "a\0b", b"a", [b"a"], None, 5, [None], [["a"]]],
    "out": [*NO_PATH, None],
    "as_of": ["2026-02-30", "20.11.2026", "2026-11-20T00:00:00", "", None, 20261120, 0.5],
    "rules": [*NO_PATH, URL, Path(URL)],
    "contracts": [*NO_PATH, URL, Path(URL)],
    "mapping": [*NO_PATH, URL, Path(URL)],
    "format": ["nope", "", "X12", None, 5],
    "mode": ["nope", "", "Shadow", StalePolicy.WARN, None, True],
    "stale_policy": ["nope", "", Mode.SHADOW, None, False],
    "max_quarantine_rate": [-0.01, 1.01, 5, float("nan"), float("inf"), Decimal("NaN"), True, "0.05", "", [0.5]],
    "keep_going": NO_FLAG,
    "accept_test_data": NO_FLAG,
    "force": NO_FLAG,
    "group": [5, b"claims", ["claims"], "a\0b"],
    "reports": ["pdf", ("pdf",), ["csv", "json"], "", "all", None, 5, [None], b"csv"],
    "drafts_as_if_in_force": NO_FLAG,
}


@pytest.mark.parametrize("name", [field.name for field in fields(RunOptions)])
def test_each_value_is_taken_or_refused_by_the_name_of_its_field(name: str) -> None:
    for value, kept in TAKEN[name]:
        found = getattr(RunOptions(**GIVEN | SHADOW | {name: value}), name)
        assert (found, type(found)) == (kept, type(kept)), value
    for value in REFUSED[name]:
        with pytest.raises(UsageError) as caught:
            RunOptions(**GIVEN | SHADOW | {name: value})
        (fault,) = caught.value.faults
        assert re.fullmatch(rf"{name}: .+[^.]\. [A-Z].+\.", fault), (value, fault)


def test_the_texts_of_faults() -> None:
    with pytest.raises(UsageError) as caught:
        RunOptions([], "", "today", mode="both", reports=("pdf",), force="no", max_quarantine_rate=5)  # type: ignore[arg-type]
    assert caught.value.faults == (
        "as_of: not a date. Write it as 2026-11-20.",
        "extracts: no path is given. Name the files or folders of the claims.",
        "force: is of type str. Give True or False.",
        "max_quarantine_rate: is not between 0 and 1. Give a share of the rows, such as 0.05.",
        "mode: 'both' is not available. Use one of enforce, shadow.",
        "out: an empty path, which would be the current folder. Name a file or a folder (. is the current one).",
        "reports: 'pdf' is not available. Use one of csv, html, xlsx, remittance.",
    )
    with pytest.raises(UsageError, match=r"^--drafts-as-if-in-force: needs --mode shadow"):
        RunOptions("a", "b", AS_OF, drafts_as_if_in_force=True)


def test_options_that_mean_the_same_are_the_same() -> None:
    typed = RunOptions(
        ("a",), Path("b"), AS_OF, rules=Path("c"), mode=Mode.SHADOW, stale_policy=StalePolicy.REVIEW,
        max_quarantine_rate=1.0, reports=("csv",),
    )  # fmt: skip
    text = RunOptions(
        "a", "b", "2026-11-20", rules="c", mode="shadow", stale_policy="review", max_quarantine_rate=1, reports="csv"
    )
    assert text == typed
    assert hash(text) == hash(typed)
    assert text.result_options() == typed.result_options()
    assert replace(text, force=True) != typed
    with pytest.raises(UsageError, match=r"^extracts: no path"):
        replace(text, extracts=())


def test_a_mapping_is_given_as_text_too(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("columns: {plan: P}\n", encoding="utf-8")
    assert load_mapping("tuva") == load_mapping(Path("tuva"))
    assert load_mapping(str(own)) == load_mapping(own) == load_mapping(os.fspath(own))
    assert load_mapping(str(own)).columns == {"plan": ("P",)}
    with pytest.raises(InputError, match=r"cannot be read \(File name too long\)\. Check the path\.$"):
        load_mapping("x" * 5000)


@pytest.mark.long
def test_a_script_of_a_user_passes_strict_mypy(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    script = tmp_path / "night.py"
    own = """
from collections.abc import Iterator
from pathlib import Path
from typing import assert_type


def nights() -> Iterator[Path]:
    yield Path("a")


claims_edit.load_mapping("tuva")
claims_edit.load_mapping(Path("own.yaml"))
options = claims_edit.RunOptions(nights(), Path("b"), "2026-11-20", mapping="tuva", mode="shadow", reports="csv")
claims_edit.RunOptions(["a", Path("b")], "b", date(2026, 11, 20), rules="c", contracts=Path("d"))
assert_type(options.extracts, tuple[str, ...])
assert_type(options.out, Path)
assert_type(options.as_of, date)
assert_type(options.mapping, Path | None)
assert_type(options.mode, claims_edit.Mode)
assert_type(options.reports, tuple[str, ...])
"""
    script.write_text("\n".join([*re.findall(r"```python\n(.*?)```", page, re.DOTALL), own]), encoding="utf-8")
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import claims_edit\n\nclaims_edit.RunOptions(5, None)\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", tmp_path / "cache", script, wrong],
        env=os.environ | {"MYPYPATH": str(ROOT)}, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    faults = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert [line.partition(":")[0] for line in faults] == ["wrong.py"] * 3, done.stdout + done.stderr
