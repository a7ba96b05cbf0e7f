"""The morning report in a real browser: it filters, sorts, opens by keyboard, and no cell of a claim does anything."""

from __future__ import annotations

import importlib.util
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.functional.program import AS_OF, called, csv_text, decisions, line, write
from tests.lib.examples import first
from tests.unit.policy_folder import RulesFolder
from tests.unit.test_policy_lifecycle import draft, with_drafts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
    *(
        pytest.mark.skipif(
            importlib.util.find_spec(name) is None, reason=f"no {name} here: make install, then make test"
        )
        for name in ("playwright", "axe_playwright_python")
    ),
]
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync")
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<img src=x onerror=alert(3)>",
    '"><svg onload=alert(4)>',
    "<!--<script>",
    "{{ 7*7 }}&lt;b&gt;",
)
PAGE = (*AS_OF, "--reports", "html")
AMOUNTS = ("999999999999999.99", "999999999999999.98", "-20050.25", "0.05")  # a float has no room for the sum


@dataclass
class Heard:
    """What the browser logged while the page was open."""

    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- where it is missing, these tests are skipped

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield started
        started.close()


@pytest.fixture(scope="module")
def report(deck_results: Path) -> Path:
    """The report that a run over the sample deck wrote."""
    (written,) = deck_results.glob("runs/*/report.html")
    return written


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on a few lines: axe looks at every element of a page."""
    out = tmp_path_factory.mktemp("small")
    odd = {"line_of_business": "FEP", "diagnosis_code_1": "C220"}
    rows = [
        line(3),
        line(6, claim_start_date="2021-03-01"),
        line(9, payer="Florida Blue", **odd),
        line(12, member_id=""),
    ]
    assert called("run", write(out / "few.csv", csv_text(rows)), "--out", out / "results", *PAGE, "--quiet").code == 0
    (written,) = out.glob("results/runs/*/report.html")
    return written


@contextmanager
def opened(browser: Browser, path: Path, **context: Any) -> Iterator[Page]:
    """The file in a new window; it must have asked for nothing but itself, and complained of nothing."""
    heard = Heard()
    window = browser.new_context(**{"viewport": DESKTOP, **context})
    page = window.new_page()
    page.on("console", lambda message: heard.console.append(message.text))
    page.on("pageerror", lambda error: heard.console.append(str(error)))
    page.on("request", lambda request: heard.requests.append(request.url))
    page.on("dialog", lambda dialog: (heard.dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(path.as_uri())
    yield page
    window.close()
    assert heard == Heard([], [path.as_uri()], [])


def shown(page: Page) -> Locator:
    """The rows of the table of decisions that are to be seen."""
    return page.locator("#decisions > tbody > tr[data-payer]:visible")


def column(page: Page, number: int) -> list[str]:
    """The texts of one column of the table of decisions, from the top."""
    return shown(page).locator(f":scope > :nth-child({number})").all_text_contents()


@pytest.mark.long
def test_it_filters_by_text_disposition_payer_and_reason(browser: Browser, report: Path) -> None:
    with opened(browser, report) as page:
        assert shown(page).count() == 146
        page.select_option("#filter-disposition", "deny")
        assert set(column(page, 3)) == {"deny"}
        assert shown(page).count() == 52
        assert page.locator("#matching").text_content() == "52 of 146 decisions shown, charges 478,675.00"
        page.select_option("#filter-payer", "Florida Blue")
        assert (set(column(page, 5)), shown(page).count()) == ({"Florida Blue"}, 26)
        page.select_option("#filter-reason", "The member's contract excludes the service")
        assert set(column(page, 4)) == {"The member's contract excludes the service"}
        page.get_by_role("button", name="Clear").click()
        # Not `wait_for_function`: its second look is an eval, which the page's policy refuses.
        page.locator("#matching", has_text="146 of 146").wait_for()
        assert str(page.locator("#matching").text_content()).startswith("146 of 146")
        page.fill("#filter-text", "ex-21-investigational-REGENCE")
        assert column(page, 1) == ["EX-21-INVESTIGATIONAL-REGENCE"]
        page.fill("#filter-text", "M10020001")  # the member, who is in the explanations only
        member = decisions(report.parents[2]).filter(pl.col("member_id") == "M10020001")
        assert sorted(column(page, 1)) == sorted(member["claim_id"])
        page.fill("#filter-text", "no such text")
        assert page.locator("#matching").text_content() == "0 of 146 decisions shown, charges 0.00"


@pytest.mark.long
def test_every_column_sorts_both_ways(browser: Browser, report: Path) -> None:
    def keys(page: Page, number: int) -> list[Any]:
        """The keys from the top; a cell without a charge is last both ways."""
        texts = column(page, number)
        filled = [text for text in texts if text]
        assert texts[: len(filled)] == filled
        return [float(text.replace(",", "")) if number in {2, 9} else text for text in filled]

    with opened(browser, report) as page:
        for number in range(1, 10):
            head = page.locator(f"#decisions > thead th:nth-child({number})")
            head.get_by_role("button").click()
            assert head.get_attribute("aria-sort") == "ascending"
            assert page.locator("#decisions th[aria-sort=ascending], #decisions th[aria-sort=descending]").count() == 1
            up = keys(page, number)
            assert (up, len(up) > 100) == (sorted(up), True)
            head.get_by_role("button").press("Enter")
            assert head.get_attribute("aria-sort") == "descending"
            assert keys(page, number) == sorted(up, reverse=True)


@pytest.mark.long
def test_it_begins_with_the_highest_charge(browser: Browser, report: Path) -> None:
    with opened(browser, report) as page:
        assert page.locator("#decisions > thead th").last.get_attribute("aria-sort") == "descending"
        charges = [float(text.replace(",", "")) for text in column(page, 9) if text]
        assert charges == sorted(charges, reverse=True)


@pytest.mark.long
def test_a_row_opens_and_closes_by_keyboard(browser: Browser, report: Path) -> None:
    with opened(browser, report) as page:
        button = page.get_by_role("button", name="EX-21-INVESTIGATIONAL-REGENCE")
        button.focus()
        page.keyboard.press("Enter")
        assert button.get_attribute("aria-expanded") == "true"
        reported = page.locator(f"#{button.get_attribute('aria-controls')}")
        for text in (
            "considers the service investigational",  # the reason
            "Regence Medical Policy Manual, Surgery, Policy No. 242",  # citation and policy
            "investigational (decided)",  # the edit
            "by rules/payers.yaml",  # where a fact came from
            "In force2026-01-01",  # the policy's dates
            "Next review2026-11-30",
            "CARC55",
            "CAS group codePR",
            "Providers may charge the member",  # liability
            "What would change this",
            "clinical trial",
            "Guidance and evidence on this tumor site",
        ):
            assert text in (reported.text_content() or ""), text
        reported.locator("summary").press("Enter")
        assert reported.locator(".studies li").first.is_visible()
        page.keyboard.press("Escape")
        assert (button.get_attribute("aria-expanded"), reported.count()) == ("false", 0)
        assert page.evaluate("document.activeElement.textContent") == "EX-21-INVESTIGATIONAL-REGENCE"
        page.keyboard.press("Space")
        assert button.get_attribute("aria-expanded") == "true"
        page.select_option("#filter-disposition", "pass")
        assert not page.locator(".explanation").is_visible()


@pytest.mark.long
def test_every_row_opens_into_its_own_claim(browser: Browser, report: Path) -> None:
    record = decisions(report.parents[2])
    rows = dict(record.select("claim_id", "source_row").filter(record["claim_id"].is_unique()).iter_rows())
    with opened(browser, report) as page:
        page.evaluate("for (const each of document.querySelectorAll('#decisions > tbody button')) each.click()")
        texts = page.locator("#decisions > tbody > tr").all_text_contents()
    assert len(texts) == 2 * record.height
    for claim, reported in zip(texts[::2], texts[1::2], strict=True):
        found = [row for name, row in rows.items() if claim.startswith(f"{name}1")]
        assert not found or any(f"Row {row} of" in reported for row in found)


@pytest.mark.long
def test_without_script_all_but_the_opening_is_there(browser: Browser, report: Path) -> None:
    with opened(browser, report, java_script_enabled=False) as page:
        assert page.locator("#decisions > tbody > tr").count() == 146
        assert page.locator("noscript").is_visible()
        assert page.locator("#filters").is_hidden()
        assert page.locator("svg.chart").count() == 2
        assert page.locator("#grounds ~ .block").count() > 20


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_serious(browser: Browser, small: Path, scheme: str, viewport: dict[str, int]) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 -- where it is missing, this is skipped

    with opened(browser, small, color_scheme=scheme, viewport=viewport) as page:
        page.locator("#decisions > tbody button").first.click()
        page.locator(".explanation summary").click()
        found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


@pytest.mark.long
def test_a_phone_scrolls_tables_but_never_the_page(browser: Browser, report: Path) -> None:
    with opened(browser, report, viewport=PHONE) as page:
        page.locator("#decisions > tbody button").first.click()
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        box = page.locator(".explanation").bounding_box()
        assert box is not None
        assert box["width"] <= PHONE["width"]
        overflowing = page.locator(".scroll").evaluate_all(
            "all => all.filter(each => each.scrollWidth > each.clientWidth).map(each => each.tabIndex)"
        )
        assert set(overflowing) == {0}


@pytest.mark.long
def test_it_prints_light_and_without_controls(browser: Browser, report: Path) -> None:
    with opened(browser, report, color_scheme="dark", viewport={"width": 700, "height": 1000}) as page:
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.emulate_media(media="print", color_scheme="dark")
        assert dark == "rgb(20, 23, 27)"
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not page.locator("#filters").is_visible()
        assert not page.locator("nav").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 700  # nothing is cut off at the margin


@pytest.mark.long
def test_motion_stays_off_where_it_is_not_wanted(browser: Browser, report: Path) -> None:
    behavior = "getComputedStyle(document.documentElement).scrollBehavior"
    with opened(browser, report, reduced_motion="reduce") as page:
        assert page.evaluate(behavior) == "auto"
        page.keyboard.press("Tab")
        assert page.locator(":focus").text_content() == "Skip to the report"
        assert page.locator(":focus").evaluate("each => getComputedStyle(each).outlineStyle") == "solid"


@pytest.mark.parametrize("mode", first(1, ["enforce", "shadow"]))
def test_a_hostile_cell_does_nothing(browser: Browser, tmp_path: Path, mode: str) -> None:
    rows = [
        line(3 * number, claim_id=text, payer=text, member_id=text, charge_amount=f"{9 - number}.00")
        for number, text in enumerate(HOSTILE, start=1)
    ]
    extract = write(tmp_path / "hostile.csv", csv_text(rows))
    assert called("run", extract, "--out", tmp_path / "out", "--mode", mode, *PAGE, "--quiet").code == 0
    (written,) = tmp_path.glob("out/runs/*/report.html")
    with opened(browser, written) as page:
        buttons = page.locator("#decisions > tbody > tr > th button")
        assert buttons.all_text_contents() == list(HOSTILE)
        for place in range(len(HOSTILE)):
            buttons.nth(place).click()
        assert page.locator(".explanation").count() == len(HOSTILE)
        for text in HOSTILE:
            assert page.locator(".explanation td", has_text=text).count() >= 2  # member and payer, as text
        page.fill("#filter-text", HOSTILE[0])
        assert shown(page).count() == 1
        assert (page.locator("script").count(), page.locator("img").count()) == (2, 0)
        assert page.locator(".banner").count() == (mode == "shadow")


@pytest.mark.long
def test_a_shadow_page_shows_the_changes_by_edit_and_by_provider(browser: Browser, tmp_path: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 -- where it is missing, this is skipped

    rules = with_drafts(RulesFolder(tmp_path), draft("2027-01-01")).root
    days = {"payer": "Premera", "claim_start_date": "2026-10-31"}
    rows = [line(number, **days, billing_npi="1000000020", hcpcs_code=code)
            for number, code in ((1, "47384"), (2, "0600T"))]  # fmt: skip
    extract = write(tmp_path / "few.csv", csv_text(rows, tuple(rows[0])))
    run = ("run", extract, "--out", tmp_path / "out", "--rules", rules, "--quiet", *PAGE)
    assert called(*run).code == 0
    assert called(*run, "--mode", "shadow", "--drafts-as-if-in-force").code == 0
    enforced, shadow = sorted(tmp_path.glob("out/runs/*/report.html"))
    with opened(browser, enforced) as page:
        assert page.locator("#changes").count() == 0
    with opened(browser, shadow, viewport=PHONE) as page:
        assert "version 2027-01-01 of premera-ire from 2020-07-01" in str(page.locator(".banner").text_content())
        by_edit = page.locator("#changes-by-edit tbody tr")
        assert [cell.strip() for cell in by_edit.locator("small").all_text_contents()] == [
            "code-not-listed", "investigational",
        ]  # fmt: skip
        cells = page.locator("#changes-by-provider tbody tr > *").all_text_contents()
        assert cells == ["1000000020", "1", "1.25", "0.00", "1.25", "1.25"]
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


@pytest.mark.long
def test_a_page_shows_what_the_run_withdrew(browser: Browser, tmp_path: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 -- where it is missing, this is skipped

    code = {"hcpcs_code": "0600T"}
    for name, row in (("one", line(3, **code)), ("two", line(3, claim_frequency_code="8", **code))):
        extract = write(tmp_path / f"{name}.csv", csv_text([row], tuple(row)))
        assert called("run", extract, "--out", tmp_path / "out", *PAGE, "--quiet").code == 0
    first, last = sorted(tmp_path.glob("out/runs/*/report.html"))
    with opened(browser, first) as page:
        assert page.locator("#withdrawn-note").text_content() == "No decision of an earlier run was withdrawn."
        assert page.locator("#withdrawn, #withdrawn-by-cause").count() == 0
    with opened(browser, last, viewport=PHONE) as page:
        page.get_by_role("link", name="Withdrawn").click()
        assert page.get_by_role("heading", name="Withdrawn decisions of earlier runs").is_visible()
        assert str(page.locator("#withdrawn-note").text_content()).startswith("1 decision of earlier runs")
        cells = page.locator("#withdrawn tbody tr > *").all_text_contents()
        assert cells[0] == "CL0000003"
        assert "Voided by a later claim" in cells
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert Axe().run(page).response["violations"] == []


@pytest.mark.long
def test_a_page_shows_the_work_list_by_priority(browser: Browser, tmp_path: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 -- where it is missing, this is skipped

    review = {"hcpcs_code": "0600T", "line_of_business": ""}
    nights = {
        "20": [line(1, **review), line(2, payer="Nobody", **review)],
        "21": [line(4, charge_amount="9900", **review)],
    }
    for day, rows in nights.items():
        extract = write(tmp_path / f"{day}.csv", csv_text(rows))
        options = ("--as-of", f"2026-11-{day}", "--reports", "html", "--quiet")
        assert called("run", extract, "--out", tmp_path / "out", *options).code == 0
    with opened(browser, max(tmp_path.glob("out/runs/*/report.html")), viewport=PHONE) as page:
        page.get_by_role("link", name="Work list").click()
        note = page.locator("#work-list-note").text_content()
        assert note == "Work list: 3 reviews open, 1 of them new and 2 still open; 0 gone."
        rows_shown = page.locator("#work-list-rows tbody tr")
        assert rows_shown.locator("td:nth-child(2)").all_text_contents() == ["CL0000004", "CL0000002", "CL0000001"]
        assert rows_shown.locator("td:nth-child(9)").all_text_contents() == ["2026-11-21", "2026-11-20", "2026-11-20"]
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert Axe().run(page).response["violations"] == []


@pytest.mark.long
def test_a_run_without_decisions_is_a_valid_page(browser: Browser, tmp_path: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 -- where it is missing, this is skipped

    extract = write(tmp_path / "none.csv", csv_text([line(1), line(2)]))
    assert called("run", extract, "--out", tmp_path / "out", *PAGE, "--quiet").code == 0
    (written,) = tmp_path.glob("out/runs/*/report.html")
    with opened(browser, written) as page:
        assert page.locator("#decisions, svg.chart, #filters").count() == 0
        assert page.get_by_text("No line was decided in this run.").is_visible()
        assert Axe().run(page).response["violations"] == []


@pytest.mark.long
def test_amounts_of_any_size_add_up_and_fit_a_phone(browser: Browser, tmp_path: Path) -> None:
    rows = [line(3 * place, charge_amount=amount) for place, amount in enumerate(AMOUNTS, start=1)]
    extract = write(tmp_path / "large.csv", csv_text(rows))
    assert called("run", extract, "--out", tmp_path / "out", *PAGE, "--quiet").code == 0
    (written,) = tmp_path.glob("out/runs/*/report.html")
    with opened(browser, written, viewport=PHONE) as page:
        reported = page.locator("#matching").text_content()
        assert reported == f"4 of 4 decisions shown, charges {sum(map(Decimal, AMOUNTS)):,.2f}"
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        page.locator("#decisions > thead button").last.click()
        assert column(page, 9) == [f"{amount:,.2f}" for amount in sorted(map(Decimal, AMOUNTS))]
