"""How a line names Medicare Advantage: by the pack, by the standard, or in plain words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.governance import decision_axes
from claims_edit.policy.check_policies import MEDICARE_ADVANTAGE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from claims_edit.governance.decision_axes import PayerClass
    from claims_edit.policy import Catalog

# How the standard and plain words identify Medicare Advantage. A proof that relied on the pack alone would
# pass a pack that gets it wrong.
ADVANTAGE_FILED = ("16",)  # X12, claim filing indicator: HMO, Medicare risk
_MEDICARE_WORDS = (
    r"medicare|^mcare|^mcr|(?:mcare|mcr|med)adv|^ma(?:only|pd|plan|product|hmo|ppo|pos|pffs|snp|msa)*s?$|mapd"
    r"|egwp|groupwaiver|(?:^|[cdi]|dual|fide|hide)snp|specialneeds|dualeligible|^partc$"
)
# Medicare other than Medicare Advantage, and its supplements; `pffs` is Medicare Advantage.
_OTHER_MEDICARE = (
    r"(?:^|[^p])ffs|feeforservice|original|traditional|straight|supplement|medigap|secondary"
    r"|^(?:medicare|mcare|mcr)(?:parts?)?(?:a|b|ab|aandb)(?:only)?$"
)
MEDICARE_ID = "1EG4TE5MK73"  # the one that CMS prints on its sample card


def is_advantage(names: Iterable[str]) -> list[bool]:
    """Whether each name or spelling (by its key) names Medicare Advantage in plain words, or Medicare of no kind."""
    keys = pl.Series(list(names), dtype=pl.String)
    return (keys.str.contains(_MEDICARE_WORDS) & ~keys.str.contains(_OTHER_MEDICARE)).to_list()


def names_of_advantage(payers: Iterable[PayerClass]) -> dict[str, str]:
    """The first name of each payer that names Medicare Advantage, by the payer's name; none of payers without one."""
    names = [(payer.name, name) for payer in payers for name in (payer.name, *payer.also)]
    found = zip(names, is_advantage(name for _, name in names), strict=True)
    return dict(reversed([of_payer for of_payer, says in found if says]))


def advantage_signals(catalog: Catalog) -> dict[str, list[str]]:
    """For each signal column, the values that mean Medicare Advantage per the pack or per the standard."""
    signals = decision_axes.signals_by_column((catalog,))
    own = {
        column: [signal for signal, meaning in found.items() if meaning == (MEDICARE_ADVANTAGE,)]
        for column, found in signals.items()
    }
    spelled = list(signals["line_of_business"])
    plain = [signal for signal, says in zip(spelled, is_advantage(spelled), strict=True) if says]
    ids = decision_axes.shape_ids((catalog,))
    shapes = [shape for shape in signals["member_id"] if shape in own["member_id"] or re.search(shape, MEDICARE_ID)]
    words = catalog.plan_words.with_columns(pl.col("words").str.strip_chars())
    named = [
        f"{decision_axes.PLAIN_PLAN} {each}"
        for each, _, program in words.iter_rows()
        if program == MEDICARE_ADVANTAGE or all(is_advantage((each.replace(" ", ""),)))
    ]
    return {
        "line_of_business": sorted({*own["line_of_business"], *plain}),
        "plan": sorted({*own["line_of_business"], *plain, *named}),
        "claim_filing_indicator_code": sorted({*own["claim_filing_indicator_code"], *ADVANTAGE_FILED}),
        "member_id": [ids[shape] for shape in shapes],
    }
