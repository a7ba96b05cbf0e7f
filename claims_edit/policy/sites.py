"""ICD-10-CM prefixes → tumor site classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.policy.pack import TumorSitesFile


def spread(prefix_range: str) -> Iterator[str]:
    """Every three-character prefix of a range such as `C00-C80`, both ends included; none if the ends are reversed."""
    first, last = prefix_range.split("-")
    if first[0] == last[0]:
        yield from (f"{first[0]}{number:02}" for number in range(int(first[1:]), int(last[1:]) + 1))


def prefixes_of(tumor_sites: TumorSitesFile) -> list[tuple[str, str]]:
    """Every prefix with its site class, sorted; a prefix listed by a class overrides a range that includes it."""
    classes = tumor_sites.site_classes
    ranged = {p: name for name, site in classes.items() for span in site.ranges for p in spread(span)}
    named = {prefix: name for name, site in classes.items() for prefix in site.prefixes}
    return sorted((ranged | named).items())


def beside_of(tumor_sites: TumorSitesFile) -> list[tuple[str, str, str]]:
    """Each prefix whose class depends on another diagnosis: prefix, the other's prefix, the class; sorted."""
    return sorted(
        (rule.prefix, other, name)
        for name, site in tumor_sites.site_classes.items()
        for rule in site.beside
        for span in rule.ranges
        for other in spread(span)
    )
