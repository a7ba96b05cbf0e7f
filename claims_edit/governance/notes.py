"""What two rule packs have in common, and their differences other than outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.governance.decision_axes import SIGNAL_WORDS, signals_by_column

if TYPE_CHECKING:
    from claims_edit.governance.decision_axes import Meaning
    from claims_edit.policy import Catalog

_CITED = {
    "codes": ("code_citation",),
    "versions": ("statement_citation", "codes_citation", "liability_citation", "review_citation"),
    "listed_codes": ("listed_citation",),
    "program_rules": ("program_citation",),
    "guidance": ("guidance_citation",),
    "site_references": ("site_citation",),
}
_OF_ALL = (
    "codes", "program_spellings", "filing_indicators", "member_id_shapes", "plan_words", "site_prefixes", "site_beside",
    "reasons",
)  # fmt: skip
_OF_PAYER = (
    "payer_names", "timelines", "versions", "criteria", "histories", "listed_codes", "program_rules", "boundaries",
    "site_references",
)  # fmt: skip
_SAID_ONLY = {"reasons": ("reason", "cites"), "versions": ("stale_after",)}


@dataclass(frozen=True)
class PackNotes:
    """Differences other than outcomes.

    Attributes:
        files: path, and `added`, `removed` or `changed` in bytes.
        reread: program signals that they read differently, with both readings.
        kinds: other differences in the tables, by kind: citations, messages, review dates, guidance, site rules.
        only_old: codes that the new pack does not have.
        only_new: codes that the old pack does not have.
    """

    files: tuple[tuple[str, str], ...]
    kinds: tuple[str, ...]
    reread: tuple[str, ...]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "files": [{"path": path, "state": state} for path, state in self.files],
            "also_changed": list(self.kinds),
            "signs_read_differently": list(self.reread),
            "codes_only_in_old": list(self.only_old),
            "codes_only_in_new": list(self.only_new),
        }


def alike(pair: tuple[Catalog, Catalog], keys: Meaning) -> bool:
    """Whether every table that decides the payer's lines is the same in both packs, so that no cell can differ."""
    if keys[0] != keys[1]:
        return False
    payer = pl.col("payer").eq_missing(pl.lit(keys[0], pl.String))
    return all(_same(pair, name, _dropped(name)) for name in _OF_ALL) and all(
        _same(pair, name, _dropped(name), payer) for name in _OF_PAYER
    )


def _dropped(name: str) -> tuple[str, ...]:
    return (*_CITED.get(name, ()), *_SAID_ONLY.get(name, ()))


def _same(pair: tuple[Catalog, Catalog], name: str, without: tuple[str, ...], where: pl.Expr | None = None) -> bool:
    tables = [getattr(catalog, name).drop(without) for catalog in pair]
    old, new = (table.filter(where) if where is not None else table for table in tables)
    return equal(old, new)


def equal(old: pl.DataFrame, new: pl.DataFrame) -> bool:
    """Whether two frames have the same rows in the same order."""
    return old.schema == new.schema and old.equals(new)


def notes_on(pair: tuple[Catalog, Catalog]) -> PackNotes:
    """Differences other than outcomes."""
    old, new = pair
    cited = any(not _same_cited(pair, name, columns) for name, columns in _CITED.items() if name != "site_references")
    kinds = {
        "citations": cited,
        "messages": not equal(old.reasons.select("reason_code", "reason"), new.reasons.select("reason_code", "reason")),
        "review dates": not _same_cited(pair, "versions", ("stale_after",)),
        "guidance": not _same(pair, "guidance", ("guidance_citation",)),
        "site rules": not equal(old.code_sites, new.code_sites),
    }
    codes = [set(catalog.codes["hcpcs_code"]) for catalog in pair]
    return PackNotes(
        files=tuple(_files(old.contents, new.contents)),
        kinds=tuple(kind for kind, differs in kinds.items() if differs),
        reread=tuple(_reread(pair)),
        only_old=tuple(sorted(codes[0] - codes[1])),
        only_new=tuple(sorted(codes[1] - codes[0])),
    )


def _same_cited(pair: tuple[Catalog, Catalog], name: str, columns: tuple[str, ...]) -> bool:
    """Whether rows of both packs have the same citations; those of added or removed rows do not count as a change."""
    version = ["payer", "service", "timeline", "policy_version"]
    keys = {"codes": ["hcpcs_code"], "versions": version, "guidance": ["guidance_id"]}
    at = keys.get(name, [*version, "hcpcs_code" if name == "listed_codes" else "program"])
    old, new = (getattr(catalog, name).select(*at, *columns) for catalog in pair)
    both = old.join(new, on=at, how="inner", suffix="_new")
    return not any(both[column].ne_missing(both[f"{column}_new"]).any() for column in columns)


def _reread(pair: tuple[Catalog, Catalog]) -> list[str]:
    """The program signals that the packs read differently, with both readings."""
    return [
        f"{SIGNAL_WORDS[column]} {signal}: {meaning[0] or 'no program'} → {meaning[1] or 'no program'}"
        for column, found in signals_by_column(pair).items()
        if column != "plan"  # its spellings are those of line_of_business
        for signal, meaning in found.items()
        if meaning[0] != meaning[1]
    ]


def _files(old: dict[str, bytes], new: dict[str, bytes]) -> list[tuple[str, str]]:
    found = []
    for path in sorted({*old, *new}):
        if old.get(path) != new.get(path):
            state = "added" if path not in old else "removed" if path not in new else "changed"
            found.append((path, state))
    return found
