"""Kill runs of several nights at random moments, and make them again: python bench/kills.py --kills 100.

What readers see after a kill must be the results of whole runs, and what the rerun leaves the same as what a run leaves
that nobody disturbed: the record, the state, the reports and the DuckDB file. Ends with 1 where it is not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.lib.kills import campaign


def main() -> int:
    """Run the campaign and print its counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        counts = campaign(given.kills, given.seed, Path(scratch))
    print(f"{counts.kills} kills of {counts.runs} runs in {time.monotonic() - begun:.0f} s")
    for (kind, seen), times in sorted(counts.moments.items()):
        print(f"  by {kind}: readers saw {seen}: {times}")
    print(f"differences: {len(counts.broken)}")
    print("".join(f"  {each}\n" for each in counts.broken), end="")
    return int(bool(counts.broken))


if __name__ == "__main__":
    sys.exit(main())
