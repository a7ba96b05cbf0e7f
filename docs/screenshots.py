"""Make the README's pictures of the report, from a run over sample_claims: `make screenshots`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
OPENED = "EX-21-INVESTIGATIONAL-REGENCE"


def main() -> None:
    """Write every picture, and say how large each is."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("screenshots: no Chromium here. To get it: apt-get install chromium")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        report = _report(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        _picture(browser, report, "report-light", 1100, 1400, "light")
        _picture(browser, report, "report-dark", 1100, 1400, "dark")
        _picture(browser, report, "report-phone", 360, 740, "light")
        _picture(browser, report, "report-row", 1100, 960, "light", opened=OPENED)
        browser.close()
    for path in sorted(IMAGES.glob("report-*.png")):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")


def _report(folder: Path) -> Path:
    """The report of a run over the sample deck."""
    command = [
        sys.executable, "-m", "claims_edit", "run", "sample_claims/claims.csv",
        "--contracts", "sample_claims/contracts.csv", "--as-of", "2026-11-20", "--out", str(folder), "--quiet",
    ]  # fmt: skip
    subprocess.run(command, cwd=ROOT, check=True)
    (written,) = folder.glob("runs/*/report.html")
    return written


def _picture(
    browser: Browser, report: Path, name: str, width: int, height: int, scheme: str, *, opened: str | None = None
) -> None:
    """One window's picture, from the top of the page or from the row that is opened."""
    page: Page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page.goto(report.as_uri())
    if opened is not None:
        page.fill("#filter-text", opened)
        page.get_by_role("button", name=opened).click()
        page.locator("#lines").evaluate("heading => heading.scrollIntoView()")
    page.screenshot(path=IMAGES / f"{name}.png")
    page.close()


if __name__ == "__main__":
    main()
