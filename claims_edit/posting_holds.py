"""Why a decided line is not posted (`posting_holds`), by name; and the facts that posting needs beside the decision."""

from __future__ import annotations

POSTING_HOLDS: dict[str, str] = {
    "encounter": "the claim is an encounter report, not a request for payment",
    "line-control-number-conflict": "the line has two line item control numbers",
    "other-payer-first": "another payer comes before this one, so the amount left to adjust is not the charge",
    "payer-order-unknown": "the claim does not state in which order its payers pay",
    "purpose-unknown": "the transaction states neither a request for payment nor an encounter report (BHT06)",
    "subrogation": "the claim is a subrogation demand from a payer that has paid already",
    "test-data": "the claim is test data",
}
TEST_DATA = "test-data"
FACTS_MISSING = "posting-facts-missing"
HOLD_TEXTS = POSTING_HOLDS | {
    FACTS_MISSING: "the replay of the run that decided it is missing or damaged, so what held it is unknown"
}
"""The text of each hold: of those that readers give, and of a withdrawn line whose own are unknown."""
POSTING_FACTS = ("line_item_control_number", "posting_holds")
