"""Every command of the documentation runs, on one results folder; the site has each page, and each exit code."""

from __future__ import annotations

import re
import shlex
import shutil
from typing import TYPE_CHECKING

import polars as pl
import pytest
import yaml

from claims_edit import errors
from claims_edit.governance.prove import Proof
from claims_edit.policy import default_rules_dir
from tests.functional.program import DECK, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.functional.program import Done

FIRST = ("tutorial.md", "examiner.md")  # in this order: the first one makes the results
BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"""^(?:\$ )?(?:\.venv/bin/)?(claims-edit (?:[^"'\n\\]|\\\n|"[^"]*"|'[^']*')*)$""", re.MULTILINE)
OF_ITS_OWN = "adding-a-payer.md"  # test_adding_a_payer types what that page shows, with its output
NOT_HERE = {
    "claims-edit run /data/claims --out /data/results --engine spark": "starts Java; test_spark_options runs it",
    "claims-edit run 's3://claims/night/*.csv'": "needs a store; test_results_in_a_store runs it on a local server",
    'claims-edit sql "FROM denial_reasons LIMIT 3" --out s3://claims/results': "likewise",
    "claims-edit rules check --documents policy-documents": "the payers' documents are not ours to copy",
}
"""Commands that begin so do not run here, and why."""
LINES = {"1000000": "100", "1000": "100"}


def pages() -> list[Path]:
    docs = ROOT / "docs"
    others = sorted(path for path in docs.rglob("*.md") if path.parent.name != "adr" and path.name not in FIRST)
    return [*(docs / name for name in FIRST), *others, ROOT / "README.md", DECK / "README.md"]


def commands(page: Path) -> Iterator[str]:
    """Those in the page's blocks, as one line each; of a page that runs elsewhere those without a prompt."""
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for found in COMMAND.finditer(block):
            if not (page.name == OF_ITS_OWN and found[0].startswith("$")):
                yield found[1].replace("\\\n", " ")


def laid_out(folder: Path) -> None:
    """The files that the pages name, below a folder."""
    shutil.copytree(DECK, folder / "sample_claims")
    shutil.copytree(default_rules_dir(), folder / "my-rules")
    (folder / "NEW").symlink_to("my-rules")
    for name in ("bulk/2026-11-20/ExplanationOfBenefit.1.ndjson", "edi/2026-11-20/claims.837"):
        (folder / name).parent.mkdir(parents=True)
        shutil.copy(DECK / ("claims.837" if name.endswith("837") else "claims-fhir.ndjson"), folder / name)
    (folder / "extracts").mkdir()
    table = pl.read_csv(DECK / "claims.csv", infer_schema=False, truncate_ragged_lines=True).head(20)
    for name in ("extracts/claims.parquet", "medical_claim.parquet"):
        table.write_parquet(folder / name)
    table.write_csv(folder / "claims.csv")
    text = (ROOT / "docs/mapping.md").read_text(encoding="utf-8")
    extract, mapping = re.findall(r"^```(?:yaml)?\n((?:CLM|columns:).*?)^```$", text, re.MULTILINE | re.DOTALL)[:2]
    (folder / "extract.txt").write_text(extract, encoding="utf-8")
    (folder / "my-mapping.yaml").write_text(mapping, encoding="utf-8")


def typed(text: str, folder: Path) -> list[str]:
    """The arguments of a command, but that it is quick: few invented lines, no reports; `folder` has its folders."""
    parts = shlex.split(text.partition(" > ")[0], comments=True)[1:]
    names = [re.sub(r"^/(?=bulk/|edi/)", f"{folder}/", part) for part in parts]
    if names[0] == "sample":
        names = [LINES.get(name, name) for name in names]
    return [*names, "--reports", "none"] if names[0] == "run" else names


@pytest.mark.long
def test_every_command_of_the_pages_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., Done]
) -> None:
    laid_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("claims_edit.governance.checking.prove", lambda _catalog: Proof())
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", str(tmp_path / "lineage.ndjson"))
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__APPEND", "true")
    found = {each: page.name for page in reversed(pages()) for each in commands(page)}
    ordered = dict.fromkeys(each for page in pages() for each in commands(page))
    left = {each for each in ordered if each.startswith(tuple(NOT_HERE))}
    assert len({each for each in NOT_HERE if any(one.startswith(each) for one in left)}) == len(NOT_HERE)
    assert len(ordered) > 40
    for each in ordered:
        if each in left:
            continue
        arguments = typed(each, tmp_path)
        done = command(*arguments)
        assert done.code == 0, f"{found[each]}: {each}\n{done.err}"
        assert done.out or "--quiet" in arguments, f"{found[each]}: {each}"


def test_every_example_in_python_is_python() -> None:
    found = [(page.name, code) for page in pages() for code in PYTHON.findall(page.read_text(encoding="utf-8"))]
    assert len(found) >= 5
    for name, code in found:
        compile(code, name, "exec")


def test_each_page_is_in_the_site() -> None:
    site = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    named = set(re.findall(r"[\w/-]+\.md", str(site["nav"])))
    written = {path.relative_to(ROOT / "docs").as_posix() for path in pages() if ROOT / "docs" in path.parents}
    assert written <= named
    made = {"commands", "exit-codes", "edits", "tables", "library"}
    others = {"index.md", "adr-list.md", "glossary.md", "changelog.md"}
    assert named - written == {f"reference-{each}.md" for each in made} | others


def test_each_exit_code_is_defined_once_and_has_what_to_do() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.*?) \| (.*?) \| (.*?) \|$", page, re.MULTILINE)
    assert [(code.code, code.meaning, code.published) for code in errors.EXIT_CODES] == [
        (int(code), meaning, published) for code, meaning, published, _ in rows
    ]
    assert all(action for *_, action in rows)
    named = {
        value for name, value in vars(errors).items() if re.fullmatch("EXIT_[A-Z]+", name) and name != "EXIT_CODES"
    }
    assert named == {code.code for code in errors.EXIT_CODES}
    assert {kind.exit_code for kind in errors.ClaimsEditError.__subclasses__()} <= named
