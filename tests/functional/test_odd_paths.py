"""A path is what it says: no character in it is a wildcard once the argument has been resolved."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import polars as pl
import pytest

from claims_edit import run_batch
from claims_edit.cli import cli
from claims_edit.cli.options import LocalPath, PathText
from claims_edit.errors import ResultsError
from claims_edit.runner import RunOptions
from claims_edit.runner.contracts import load_contracts
from tests.functional.program import UNREPORTED, called, csv_text, line, write
from tests.lib.examples import first
from tests.lib.runs import shipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ODD = ("[a]*", "a?b", "[!a]", "**", "{a,b}", "a]b")
NEIGHBORS = ("a", "b", "ab", "axb", "axx", "aab")


def rows(owner: str) -> list[dict[str, str]]:
    return [line(number, claim_id=f"{owner}{number}") for number in range(1, 7)]


def parquet(owner: str) -> bytes:
    content = io.BytesIO()
    pl.DataFrame(rows(owner)).write_parquet(content)
    return content.getvalue()


KINDS: dict[str, Callable[[str], bytes]] = {
    "csv": lambda owner: csv_text(rows(owner)).encode(),
    "unclosed.csv": lambda owner: csv_text(rows(owner)).encode() + b'"unclosed,x\n',
    "csv.gz": lambda owner: gzip.compress(csv_text(rows(owner)).encode()),
    "mac.csv": lambda owner: csv_text(rows(owner)).replace("\n", "\r").encode(),
    "utf16.csv": lambda owner: csv_text(rows(owner)).encode("utf-16"),
    "ndjson": lambda owner: "".join(json.dumps(row) + "\n" for row in rows(owner)).encode(),
    "parquet": parquet,
}


def owners(out: Path) -> set[str]:
    """Whose claims were decided; the folder's own name is no pattern here."""
    parts = [Path(folder, name) for folder, _, names in os.walk(f"{out}/decisions/") for name in names]
    claims = pl.concat(pl.read_parquet(part, glob=False, hive_partitioning=False) for part in parts)["claim_id"]
    return set(claims.str.strip_chars("0123456789"))


def the_manifest(out: Path) -> dict[str, Any]:
    folders = [folder for folder, _, names in os.walk(f"{out}/runs/") if "manifest.json" in names]
    found: dict[str, Any] = json.loads(Path(folders[0], "manifest.json").read_text())
    return found


@pytest.mark.parametrize("kind", first(2, KINDS))
def test_extracts_are_read_and_not_their_neighbors(tmp_path: Path, kind: str) -> None:
    for neighbor in NEIGHBORS:
        write(tmp_path / "in" / f"{neighbor}.{kind}", KINDS[kind]("neighbor"))
    odd = sorted(write(tmp_path / "in" / f"{name}.{kind}", KINDS[kind](f"{name}-")) for name in ODD)
    done = called("run", *odd, "--out", tmp_path / "out", "--quiet", *UNREPORTED)
    assert done.code == 0, done.err
    assert owners(tmp_path / "out") == {f"{name}-" for name in ODD}
    read = {
        each["path"]: (each["sha256"], each["rows_quarantined"]) for each in the_manifest(tmp_path / "out")["inputs"]
    }
    assert read == {
        path.as_posix(): (hashlib.sha256(path.read_bytes()).hexdigest(), int(kind == "unclosed.csv")) for path in odd
    }


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_in_a_folder_every_file_is_read_as_itself(tmp_path: Path, kind: str) -> None:
    names = ("[a]*", "a", "ax")
    for name in names:
        write(tmp_path / "[in]" / f"{name}.{kind}", KINDS[kind](f"of-{names.index(name)}-"))
    done = called("run", tmp_path / "[in]", "--out", tmp_path / "out", "--quiet", *UNREPORTED)
    assert done.code == 0, done.err
    assert owners(tmp_path / "out") == {f"of-{place}-" for place in range(3)}


@pytest.mark.long
@pytest.mark.parametrize("name", first(1, (name for name in ODD if "?" not in name)))
def test_a_results_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    first = write(tmp_path / "first.csv", KINDS["csv"]("first"))
    repeating = write(tmp_path / "repeating.csv", csv_text([*rows("second"), *rows("second")]))
    for beside in NEIGHBORS:
        (tmp_path / beside).mkdir()
    out = tmp_path / name
    for extract, reports in ((first, "none"), (repeating, "all")):
        done = called("run", extract, "--out", out, "--as-of", "2026-11-20", "--quiet", "--reports", reports)
        assert done.code == 0, done.err
    assert owners(out) == {"first", "second"}
    answer = tmp_path / "answer.csv"
    assert (
        called("sql", "SELECT count(*) AS n FROM decisions", "--out", out, "--format", "csv", "--to", answer).code == 0
    )
    assert answer.read_text() == "n\n4\n"
    assert called("report", "--out", out, "--format", "html", "--to", tmp_path / "report.html").code == 0
    assert called("explain", "first3", "--out", out).code == 0


def test_a_results_folder_that_duckdb_cannot_use_is_named(tmp_path: Path) -> None:
    done = called(
        "run", write(tmp_path / "x.csv", KINDS["csv"]("x")), "--out", tmp_path / "o?t", "--quiet", *UNREPORTED
    )
    assert (done.code, len(done.faults)) == (13, 1)
    assert "`?`" in done.err
    assert not (tmp_path / "o?t").exists()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_contracts_file_may_have_any_name(tmp_path: Path, kind: str) -> None:
    for name in (*NEIGHBORS, *ODD):
        frame = pl.DataFrame(
            {"payer": ["regence"], "group_id": [name], "effective_date": ["2026-01-01"], "coverage": ["covered"]}
        )
        (frame.write_csv if kind == "csv" else frame.write_parquet)(tmp_path / f"{name}.{kind}")
    for name in ODD:
        read = load_contracts(tmp_path / f"{name}.{kind}", shipped())
        assert read["group_id"].to_list() == [name]
    given = ("--contracts", tmp_path / f"{ODD[0]}.{kind}", "--out", tmp_path / "out", "--quiet", *UNREPORTED)
    assert called("run", write(tmp_path / "x.csv", KINDS["csv"]("x")), *given).code == 0


@pytest.mark.long
def test_relative_names_with_a_colon_are_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a library takes a name for a URL: `x:y` has no file system."""
    monkeypatch.chdir(tmp_path)
    for night in ("first", "second"):
        extract = write(Path(f"x:{night}.parquet"), KINDS["parquet"](night))
        done = called("run", extract, "--out", "x:y", "--as-of", "2026-11-20", "--quiet")
        assert done.code == 0, done.err
    assert owners(tmp_path / "x:y") == {"first", "second"}
    for command in (("rebuild",), ("prune", "--keep-days", "0")):
        assert called(*command, "--out", "x:y").code == 0
    for fmt, to in (("remittance", "x:feed.parquet"), ("html", "x:r.html"), ("rationale", "x:why")):
        done = called("report", "--out", "x:y", "--format", fmt, "--to", to)
        assert done.code == 0, done.err
    assert called("explain", "first3", "--out", "x:y").code == 0


URL = "s3://bucket/claims"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("run", "https://host/claims", "--out", "out"), 11),
        (("run", "s3a://bucket/claims", "--out", "out"), 11),
        (("run", "x.csv", "--out", "abfs://bucket/out"), 2),
        (("run", "x.csv", "--out", "out", "--contracts", URL), 2),
        (("validate", "abfs://bucket/*.parquet"), 11),
        (("sql", "SELECT 1", "--out", "file:///out"), 2),
        (("sql", "SELECT 1", "--out", "out", "--to", "gs://bucket/x.csv"), 2),
        (("sample", "--lines", "5", "--out", "az://bucket/x.csv"), 2),
    ],
)
def test_a_url_is_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("x.csv"), KINDS["csv"]("x"))
    done = called(*arguments)
    assert (done.code, "is a URL" in done.err) == (code, True), done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.csv"]


def test_a_results_folder_of_the_library_is_no_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    extract = write(Path("x.csv"), KINDS["csv"]("x"))
    with pytest.raises(ResultsError, match="is a URL"):
        run_batch(RunOptions(extracts=(str(extract),), out=Path(URL), as_of=dt.date(2026, 11, 20)))
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


def commands(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    """Every command, by its name with those of its groups."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from ((f"{name} {below}", each) for below, each in commands(command, context))
        else:
            yield name, command


PLACES = (LocalPath, PathText)
PATHS = [
    (f"{name} {parameter.opts[-1]}", parameter)
    for name, command in commands(cli, click.Context(cli))
    for parameter in command.params
    if isinstance(parameter.type, click.Path | PathText) or parameter.metavar in {"FILE", "FOLDER", "EXTRACT..."}
]


@pytest.mark.parametrize(("name", "parameter"), PATHS, ids=[name for name, _ in PATHS])
def test_an_empty_path_is_refused_in_every_command(name: str, parameter: click.Parameter) -> None:
    """A variable that is not set would be the current folder, to which a run writes."""
    assert isinstance(parameter.type, PLACES), name
    with pytest.raises(click.BadParameter, match="is empty, which would be the current folder"):
        parameter.type.convert("", parameter, None)


def test_a_name_that_is_too_long_is_the_options_fault(tmp_path: Path) -> None:
    extract, name = write(tmp_path / "night.csv", csv_text(rows("a"))), "n" * 300
    for option in ("--rules", "--contracts", "--mapping", "--out"):
        done = called("run", extract, *(("--out", tmp_path / "out") if option != "--out" else ()), option, name)
        assert done.code == 2, option
        assert f"'{option}': a name in it is too long" in done.err
