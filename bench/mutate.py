"""Change the rules one value at a time and count what the checks and the rule tests notice.

`python bench/mutate.py [RULES]` (the shipped rules by default): exit 1 if a change goes unnoticed.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from claims_edit.errors import RulesError
from claims_edit.policy import default_rules_dir
from claims_edit.policy.source import read_pack
from tests.lib.mutants import Fate, LeftAlone, Mutant, Trial


def main(rules: Path) -> int:
    """Try every mutant; tell the score, the survivors, and what was left alone."""
    begun = time.monotonic()
    trial = Trial(read_pack(rules))
    found = trial.mutants()
    mutants = [one for one in found if isinstance(one, Mutant)]
    fates = {mutant: trial.fate(mutant) for mutant in mutants}
    survivors = [mutant for mutant, fate in fates.items() if fate is Fate.SURVIVED]
    for mutant in survivors:
        print(f"survived: {mutant}")
    for reason, count in sorted(Counter(one.reason for one in found if isinstance(one, LeftAlone)).items()):
        print(f"left alone: {count} changes: {reason}")
    reported = Counter(fates.values())
    noticed = len(mutants) - len(survivors)
    print(
        f"{noticed} of {len(mutants)} noticed ({noticed / len(mutants):.1%}): {reported[Fate.KILLED]} by the rule"
        f" tests, {reported[Fate.REFUSED]} refused by the checks; {len(survivors)} survived."
        f" {time.monotonic() - begun:.0f} s."
    )
    return 1 if survivors else 0


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else default_rules_dir()))
    except RulesError as error:
        sys.exit("\n".join(error.faults))
