"""The morning report as a file: its figures, what it leaves out, and that no cell becomes markup."""

from __future__ import annotations

import datetime as dt
import html
import json
import re
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from claims_edit.doubts import DOUBTS
from claims_edit.edits import EDIT_IDS
from claims_edit.report.html import charts
from claims_edit.report.html import rows as shown_rows
from claims_edit.report.html.charts import SERIES, charges_by_payer, lines_by_month
from claims_edit.report.html.page import write_html
from claims_edit.report.html.reconciliation import sums
from claims_edit.report.html.rows import LONGEST, script_safe, shown
from claims_edit.report.run_report import report
from claims_edit.report.run_view import published_run
from tests.lib.examples import first
from tests.lib.runs import REFUSED, REVIEWED, line, publish

if TYPE_CHECKING:
    from pathlib import Path

RUN, LATER, LAST = "20260301T010000Z-aaaa", "20260302T010000Z-bbbb", "20260303T010000Z-cccc"
HOSTILE = "</script><script>alert(1)</script>\u2028<!--&"
ROWS = [
    line(),
    line(source_row=3, claim_line_number=2, charge_amount=Decimal("0.05")),
    line(source_row=4, claim_id=HOSTILE, payer=None, payer_raw=HOSTILE, member_id=HOSTILE, **REVIEWED),
    line(source_row=5, claim_id="C3", disposition="refer", reason_code="program-exception-refer", policy_stale=True),
    line(source_row=6, claim_id="C4", disposition="return", reason_code="code-not-valid-on-dos", charge_amount=None),
    line(source_row=7, claim_id="C5", disposition="pass", reason_code="line-superseded", charge_amount=Decimal(-9)),
]


def page_of(out: Path, run: str = RUN) -> str:
    return (out / "runs" / run / "report.html").read_text(encoding="utf-8")


def table(page: str, name: str) -> list[list[str]]:
    """The texts of a table's rows: head, body and foot."""
    (found,) = re.findall(rf'<table id="{name}">.*?</table>', page, re.DOTALL)
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", found, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[html.unescape(re.sub(r"<[^>]*>", " ", cell)).strip() for cell in row] for row in cells]


def explanations(page: str) -> dict[str, Any]:
    (found,) = re.findall(r'<script type="application/json" id="explanations">(.*?)</script>', page, re.DOTALL)
    content: dict[str, Any] = json.loads(found)
    return content


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("html")
    publish(folder, RUN, ROWS, [REFUSED], reports=["html"])
    return folder


@pytest.mark.long
def test_the_same_run_gives_the_same_bytes(out: Path, tmp_path: Path) -> None:
    reported = report(out, RUN, "html", tmp_path / "again.html")
    assert reported == f"Wrote {tmp_path / 'again.html'}.\n"
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == page_of(out)
    with published_run(out, RUN) as view:
        for name in ("one.html", "two.html"):
            write_html(view, tmp_path / name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_every_id_is_the_pages_own(out: Path) -> None:
    ids = re.findall(r'\sid="([^"]*)"', page_of(out))
    assert len(ids) == len(set(ids))
    assert not [name for name in ids if re.search(r"clip|gradient", name)]  # Vega numbers these through a process


def test_its_figures_are_the_manifests(out: Path) -> None:
    page, manifest = page_of(out), json.loads((out / "runs" / RUN / "manifest.json").read_text())
    counts, charges = manifest["counts"], manifest["charges"]
    rows = {row[0]: row for row in table(page, "by-disposition")}
    for each, lines in counts["by_disposition"].items():
        assert (rows[each][1], rows[each][3]) == (f"{lines:,}", f"{Decimal(charges['by_disposition'][each]):,.2f}")
    assert rows["all"][1:] == ["6", "", "2,991.35"]
    assert table(page, "inputs")[-1][2:6] == ["7", "6", "1", "1"]
    text = re.sub(r"<[^>]*>", "", page)
    for equation in (
        "rows read 7 = accepted 6 + quarantined 1",
        "candidates 6 = decisions 6",
        "decisions 6 = deny 2 + return 1 + review 1 + refer 1 + pass 1",
        "charges read 2,996.35 = accepted 2,991.35 + quarantined 5.00",
        "deny 1,000.15 + return 0.00 + review 1,000.10 + refer 1,000.10 + pass -9.00",
    ):
        assert equation in text, equation
    assert page.count('<li class="balanced">') == 7


@pytest.mark.parametrize(
    ("part", "name", "value", "broken"),
    [
        ("counts", "rows_quarantined", 2, {0}),
        ("counts", "decisions", 7, {1, 2, 3}),
        ("charges", "accepted", "1.00", {4}),
        ("charges", "candidates", "1.00", {5, 6}),
    ],
)
def test_a_sum_that_does_not_add_up_is_reported(
    out: Path, part: str, name: str, value: object, broken: set[int]
) -> None:
    with published_run(out, RUN) as view:
        view.manifest[part][name] = value
        assert {place for place, each in enumerate(sums(view)) if not each.balanced} == broken


def test_tables_split_lines_and_charges(out: Path) -> None:
    page = page_of(out)
    payers = table(page, "by-payer")
    assert payers[0] == ["Payer", "deny", "return", "review", "refer", "pass", "all"]
    assert payers[1] == ["Regence", "2 1,000.15", "1 0.00", "", "1 1,000.10", "1 -9.00", "5 1,991.25"]
    assert payers[2] == ["not recognized", "", "", "1 1,000.10", "", "", "1 1,000.10"]
    assert [row[0] for row in table(page, "by-program")] == ["Program", "Commercial", "unknown", "all"]
    assert [row[0] for row in table(page, "by-month")] == ["Month", "2026-02", "all"]
    reasons = table(page, "by-reason")
    assert reasons[1][0].endswith("investigational")
    assert reasons[1][1:5] == ["deny", "2", "1", "1,000.15"]
    assert ["duplicate-line"] not in table(page, "quality")
    assert ["hcpcs_code-shape", "error", "hcpcs_code", "extract.csv", "1", "9", "C9"] in table(page, "quality")
    assert ["billing_npi-luhn", "warning", "billing_npi", "extract.csv", "1", "4", "C3"] in table(page, "quality")


def test_policies_past_their_review_say_since_when_and_what_was_decided(out: Path) -> None:
    rows = {row[0]: row for row in table(page_of(out), "policies")}
    florida = rows["Florida Blue, Irreversible Electroporation"]
    assert florida[2:7] == ["2020-07-01", "open", "2024-05-23", "not given", "past review since 2025-05-23 (282 days)"]
    assert rows["Regence, Irreversible Electroporation"][6] == "due by 2026-11-30"
    assert rows["242"][6:] == ["not in the rules", "1", "1,000.10", "1 refer service 2026-02-03"]


def test_cells_are_text(out: Path) -> None:
    page = page_of(out)
    assert page.count("<script") == 2
    assert html.unescape(html.escape(HOSTILE)) in [row[0] for row in table(page, "decisions")]
    (row,) = [each for each in explanations(page)["rows"] if each["where"][1] == 4]
    assert HOSTILE in [value for _, value in row["facts"]]


@pytest.mark.parametrize("character", ["<", ">", "&", "\u2028", "\u2029"])
def test_json_in_the_page_cannot_end_its_script(character: str) -> None:
    safe = script_safe({"a": character})
    assert character not in safe
    assert json.loads(safe) == {"a": character}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (["a", 1], "a, 1"),
        ("a\x1b[2J", "a\ufffd[2J"),
        ("\u202e31C\u2066", "\ufffd31C\ufffd"),
        ("x" * 999, "x" * (LONGEST - 1) + "…"),
    ],
)
def test_a_cell_is_shown_as_one_line(value: object, text: str) -> None:
    assert shown(value) == text


def test_it_asks_for_nothing_and_lets_nothing_in(out: Path) -> None:
    page = page_of(out)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    assert not re.findall(
        r"@import|url\(|\sstyle=|\son[a-z]+=", re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    )


def test_charts_are_reported_in_words_and_take_the_pages_colors(out: Path) -> None:
    charts = re.findall(r"<svg.*?</svg>", page_of(out), re.DOTALL)
    assert len(charts) == 2
    for chart in charts:
        (title,) = re.findall(r'role="img".*?<title id="([^"]*)">[^<]+</title><desc id="[^"]*">[^<]+</desc>', chart)
        assert f'aria-labelledby="{title} ' in chart
        painted = set(re.findall(r'(?:fill|stroke)="([^"]*)"', chart)) - {"none", "transparent"}
        assert all(color.startswith("var(--") for color in painted), painted
    assert 'fill="var(--deny)"' in charts[0]


def test_payers_of_alike_beginnings_are_distinguished_in_the_chart() -> None:
    names = [f"A payer of a rather long name, number {number}, with the whole of its legal form" for number in (1, 2)]
    names += [f"{'A payer of a name that is too long for any chart, ' * 3}number {number}" for number in (3, 4)]
    rows = [{"payer": name, "disposition": "deny", "charges": 0.5, "place": 0} for name in names]
    drawn = re.sub(r"<[^>]*>", "\n", charges_by_payer(rows, "reported"))
    for number in range(1, 5):
        assert f"number {number}" in " ".join(drawn.split())
    ticks = re.findall(r"(?m)^[0-9.]+[a-zA-Z]?$", drawn)
    assert (ticks[0], ticks[-1]) == ("0", "0.5")  # cents are no thousandths


def test_money_of_an_axis_is_in_millions_and_billions() -> None:
    rows = [{"payer": "Regence", "disposition": "deny", "charges": 4e9, "place": 0}]
    ticks = re.findall(r">([0-9.]+[a-zA-Z]?)<", charges_by_payer(rows, "reported"))
    assert (ticks[0], ticks[-1]) == ("0", "4B")


def test_lines_are_whole_on_their_axis() -> None:
    rows = [{"month": "2026-03", "reason": "investigational", "lines": 1, "place": 0}]
    ticks = re.findall(r">([0-9.]+[a-zA-Z]?)<", lines_by_month(rows, ["investigational"], "reported"))
    assert ticks == ["0", "1"]


def test_one_is_singular(tmp_path: Path) -> None:
    publish(tmp_path, RUN, [line()], reports=["html"])
    text = re.sub(r"<[^>]*>", "", page_of(tmp_path))
    assert "1 row read, 0 of them quarantined. 1 line had" in text
    assert "deny 1 line " in text


def test_what_is_left_out_is_stated(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "All 6 decisions of the run." in page_of(out)
    monkeypatch.setattr(shown_rows, "MOST_ROWS", 2)
    with published_run(out, RUN) as view:
        write_html(view, tmp_path / "two.html")
    page = (tmp_path / "two.html").read_text(encoding="utf-8")
    assert [row[-1] for row in table(page, "decisions")[1:]] == ["1,000.10", "1,000.10"]
    assert "The 2 decisions with the highest charges. 4 lines with charges of 991.15 are left out" in page


def test_the_smaller_payers_reasons_and_the_earlier_months_are_summed_and_stated(tmp_path: Path) -> None:
    edits = [edit for edit in EDIT_IDS if edit != "investigational"]
    rows = [
        line(
            source_row=number,
            claim_id=f"C{number}",
            payer=f"payer_{number:02}",
            charge_amount=Decimal(100 - number),
            reason_code=edits[number % len(edits)],
            service_start_date=dt.date(2022 + number // 12, number % 12 + 1, 1),
        )
        for number in range(40)
    ]
    publish(tmp_path, RUN, rows, reports=["html"])
    page = page_of(tmp_path)
    payers = table(page, "by-payer")
    assert [row[0] for row in payers[-3:]] == ["payer_19", "20 other payers", "all"]
    assert (payers[-2][-1], payers[-1][-1]) == ("20 1,410.00", "40 3,220.00")
    months = table(page, "by-month")
    assert (months[1][0], months[-2][0], months[-2][-1]) == ("2025-04", "before 2023-05", "16 1,480.00")
    assert "Lines by month and reason; 16 lines of earlier months are left out" in page
    by_payer, by_month = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert "28 other payers" in by_payer
    assert "all other reasons" in by_month
    assert len(set(re.findall(r'fill="(var\(--series-[^"]*)"', by_month))) == SERIES


@pytest.mark.long
def test_a_trend_needs_two_enforce_runs(tmp_path: Path) -> None:
    publish(tmp_path, RUN, ROWS, reports=["html"])
    assert "A trend needs two enforce runs in the results folder; there is one." in page_of(tmp_path)
    publish(tmp_path, LATER, ROWS[:3], mode="shadow", reports=["html"])
    shadow = page_of(tmp_path, LATER)
    assert "A trend needs two enforce runs" in shadow
    assert "Nothing on this page counts" in shadow
    assert "<title>SHADOW: " in shadow
    assert "Nothing on this page counts" not in page_of(tmp_path)
    publish(tmp_path, LAST, ROWS[:1], reports=["html"])
    page = page_of(tmp_path, LAST)
    assert "Lines by disposition over the runs" in page
    assert [row[1:] for row in table(page, "trend")[1:]] == [
        [RUN, "2", "1", "1", "1", "1", "0", "0", "6", "0"],
        [LAST, "0", "0", "0", "0", "0", "1", "0", "1", "0"],
    ]


def test_a_run_of_nothing_is_a_whole_page(tmp_path: Path) -> None:
    publish(tmp_path, RUN, [], reports=["html"])
    page = page_of(tmp_path)
    assert "No line was decided in this run." in page
    assert "<svg" not in page
    assert explanations(page)["rows"] == []
    assert page.rstrip().endswith("</html>")


def test_without_the_extra_for_charts_the_page_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "_can_draw", lambda: False)
    publish(tmp_path, RUN, [line()], reports=["html"])
    page = page_of(tmp_path)
    assert "<svg" not in page
    assert page.count("Not drawn here: pip install &#39;claims-edit[charts]&#39;.") == 2


DRAWING = ("vl_convert", "jinja2", "xlsxwriter")
ELSEWHERE = (
    "pandera",
    "rich",
    "claims_edit.report.explain",
    "claims_edit.intake.x12.extract",
    "claims_edit.intake.fhir",
)


@pytest.mark.parametrize(
    ("arguments", "unloaded"),
    first(
        2,
        [
            (["--version"], (*DRAWING, "polars")),
            (["sql", "SELECT 1", "--out", "{out}"], DRAWING),
            (["report", "--format", "csv", "--out", "{out}"], DRAWING),
            (["run", "{extract}", "--out", "{new}", "--reports", "none", "--quiet"], (*DRAWING, *ELSEWHERE)),
        ],
    ),
)
def test_a_command_loads_only_what_it_uses(
    out: Path, tmp_path: Path, arguments: list[str], unloaded: tuple[str, ...]
) -> None:
    extract = tmp_path / "sound.csv"
    extract.write_text(
        "claim_id,claim_line_number,claim_type,member_id,payer,claim_start_date,hcpcs_code\n"
        "C1,1,professional,M1,Regence,2026-03-01,99213\n"
    )
    given = [argument.format(out=out, extract=extract, new=tmp_path / "new") for argument in arguments]
    code = (
        "import sys; from claims_edit.__main__ import main\n"
        f"sys.argv = ['claims-edit', *{given!r}]\n"
        "try: main()\n"
        "except SystemExit as stop: assert not stop.code, stop.code\n"
        f"assert not set({unloaded!r}) & set(sys.modules), set({unloaded!r}) & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_facts_in_doubt_are_listed_with_what_settles_them(out: Path, tmp_path: Path) -> None:
    assert '<table id="doubts"' not in page_of(out)
    in_doubt = {"disposition": "review", "reason_code": "facts-in-doubt", "doubts": "diagnosis_pointer-dangling, moon"}
    publish(tmp_path, RUN, [line(**in_doubt), line(**in_doubt, claim_id="C2"), line(claim_id="C3")], reports=["html"])
    _, dangling, unknown = table(page_of(tmp_path), "doubts")
    known = DOUBTS["diagnosis_pointer-dangling"]
    assert dangling == [known.name, "review", "2", "2", "2,000.20", known.label, known.remedy]
    assert unknown == ["moon", "review", "2", "2", "2,000.20", "", ""]
