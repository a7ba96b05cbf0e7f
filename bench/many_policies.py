"""Add payers, each with one policy of many codes, to a copy of the rule pack: `many_policies.py FOLDER 1000 50`."""

from __future__ import annotations

import sys
from pathlib import Path

CODE = """  - code: "{code}"
    kind: specific
    label: Bench service
    approach: open
    cite: {{document: bench_{first}, section: Codes, date: "2020"}}
    valid_from:
      date: 2020-01-01
      note: Invented.
      cite: {{document: bench_{first}, section: Codes, date: "2020"}}
"""
CITE = 'cite: {{document: bench_{number}, section: All, date: "2020"}}'
POLICY = """id: bench-{number}
title: Bench {number}
payer: bench_{number}
payer_entry: {{label: Bench {number}, blue_plan: "false", names: [Bench {number}]}}
service: bench
kind: funding
reference: BENCH-{number}
documents:
  - {{id: bench_{number}, title: Bench {number}, publisher: Bench, source: bench}}
before_first_version: {{was: unknown}}
versions:
  - from: {{date: 2020-01-01, note: Invented., CITE}}
    statement: {{position: investigational, scope: all_indications, says: Investigational., CITE}}
    codes: {{listed: [{codes}], CITE}}
    applies_to: {{programs: [commercial], says: Commercial., CITE}}
    reviewed: {{date: 2025-12-31, note: Invented., CITE}}
    history: []
""".replace("CITE", CITE)


def main() -> None:
    """Write the files."""
    folder, policies, codes = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    names = [f"Y{number:04}" for number in range(codes)]
    text = "service: bench\nlabel: Bench\ncodes:\n" + "".join(CODE.format(code=name, first=0) for name in names)
    (folder / "codes" / "bench.yaml").write_text(text, encoding="utf-8")
    listed = ", ".join(f'"{name}"' for name in names)
    for number in range(policies):
        path = folder / "policies" / f"bench_{number:04}.yaml"
        path.write_text(POLICY.format(number=number, codes=listed), encoding="utf-8")


if __name__ == "__main__":
    main()
