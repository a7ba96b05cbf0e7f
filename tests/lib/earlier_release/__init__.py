"""Results of the last release that kept no state across nights, as it wrote them.

`results.tar.xz` was made by the tree at commit a61b63e: `night-1.csv` to `night-3.csv` run with `--as-of 2026-03-01` to
`2026-03-03` and `--reports none` into `results`; before the last one, the same as a shadow run.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

RESULTS = Path(__file__).parent / "results.tar.xz"
NIGHTS = {f"night-{night}.csv": f"2026-03-0{night}" for night in (1, 2, 3)}


def unpack(folder: Path) -> Path:
    """The extracts in `folder`, and the results folder, which is returned."""
    with tarfile.open(RESULTS) as packed:
        packed.extractall(folder, filter="tar")
    return folder / "results"
