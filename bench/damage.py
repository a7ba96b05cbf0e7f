"""Damage sound claims by the hundred thousand, and count what comes of them: python bench/damage.py --files 100000.

No damage may turn a review, a referral, a pass or a refusal into a denial, nor lose a line or move it to another claim.
Ends with 1 where one does; `--keep` writes examples of each kind of violation into a folder. With `--bytes N` it
damages the bytes of N zip archives, workbooks and Arrow files of each kind instead: a bit, a run of zeros, or a cut.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.lib.damage import packed_damage
from tests.lib.damage.campaign import Counts, run, sound_outcomes
from tests.lib.damage.driving import SUFFIX
from tests.lib.damage.variant import TOKEN


def main() -> int:
    """Run the campaign and print its counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000, help="damaged files, of 2 to 4 claims each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", action="append", default=[], help="837P, 837I, 837D, fhir-ndjson, csv, …")
    parser.add_argument("--keep", type=Path, help="a folder for examples of violations")
    parser.add_argument("--bytes", type=int, help="of so many packed files of each kind in place of the others")
    given = parser.parse_args()
    only = frozenset(given.format)
    if given.bytes:
        return _bytes(given.bytes, given.seed, only)
    with tempfile.TemporaryDirectory() as scratch:
        for variant, each in sound_outcomes(Path(scratch), only):
            print(f"SOUND {variant.format} {variant.source}: {each.shown}")
        begun = time.monotonic()
        counts = run(given.files, given.seed, Path(scratch), only)
    _print(counts, time.monotonic() - begun)
    if given.keep:
        _keep(counts, given.keep)
    return int(bool(counts.broken))


def _bytes(count: int, seed: int, only: frozenset[str]) -> int:
    """Damage packed files; an Arrow file has no checksums, so that some of its damaged values pass."""
    with tempfile.TemporaryDirectory() as scratch:
        outcomes = packed_damage.run(count, seed, Path(scratch), only)
    for (fmt, damage, outcome), times in sorted(outcomes.times.items()):
        print(f"  {fmt:18} {damage:6} {outcome:34} {times:6}")
    return int(any(not fmt.startswith("arrow") for fmt, *_ in outcomes.wrong))


def _print(counts: Counts, seconds: float) -> None:
    print(f"\n{counts.files.total()} damaged files with {counts.claims.total()} claims in {seconds:.0f} s")
    for fmt, files in sorted(counts.files.items()):
        print(f"  {fmt}: {files} files, {counts.claims[fmt]} claims")
    print("\nlines by format, outcome when sound, and outcome when damaged")
    for (fmt, sent, got), times in sorted(counts.outcomes.items()):
        print(f"  {fmt:12} {sent:8} -> {got:12} {times:8}")
    print("\nfiles by damage")
    for (fmt, damage), times in sorted(counts.damages.items()):
        print(f"  {fmt:12} {damage:34} {times:8}")
    print(f"\nviolations: {counts.broken.total()} of {len(counts.broken)} kinds")
    for (fmt, what, kind), times in sorted(counts.broken.items(), key=lambda each: (each[0][1:], each[0][0])):
        variant, each = counts.examples[fmt, what, kind][0]
        print(f"  {what:7} {fmt:5} {kind:60} {times:6}  e.g. {variant.source}: {each.shown}")


def _keep(counts: Counts, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for (fmt, what, kind), examples in counts.examples.items():
        name = "".join(letter if letter.isalnum() else "-" for letter in f"{what}-{fmt}-{kind}")
        for nth, (variant, _) in enumerate(examples):
            content = variant.head + variant.content.replace(TOKEN, "000001").replace("~", "~\n")
            (folder / f"{name}-{nth}.{SUFFIX.get(fmt, '837')}").write_text(content, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
