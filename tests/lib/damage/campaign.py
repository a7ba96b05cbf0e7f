"""A seeded draw of damaged files, run and checked, with the counts of what came of them."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from tests.lib.damage import formats
from tests.lib.damage.driving import came_of
from tests.lib.damage.outcomes import OTHERWISE, Violation, outcomes, violations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lib.damage.variant import Possible, Variant

AT_ONCE = 4000  # variants of a run
KEPT_EXAMPLES = 3


@dataclass
class Counts:
    """What came of a draw.

    Attributes:
        files: damaged files by format.
        claims: the claims in them, likewise.
        damages: damaged files by kind of damage.
        outcomes: by format, how often a line of one outcome came to another one.
        broken: the violations by format, what is broken, and kind of damage.
        examples: some damaged files of each.
    """

    files: Counter[str] = field(default_factory=Counter)
    claims: Counter[str] = field(default_factory=Counter)
    damages: Counter[tuple[str, str]] = field(default_factory=Counter)
    outcomes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    broken: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str, str], list[tuple[Variant, Violation]]] = field(
        default_factory=lambda: defaultdict(list)
    )


def sound_outcomes(folder: Path, only: frozenset[str] = frozenset()) -> list[tuple[Variant, Violation]]:
    """The sound files that do not come out as they should."""
    variants = [source.sound for source in formats.sources() if not only or source.sound.format in only]
    return [(came.variant, each) for came in came_of(variants, folder) for each in violations(came)]


def run(count: int, seed: int, folder: Path, only: frozenset[str] = frozenset(), *, are_sound: bool = False) -> Counts:
    """Damage, run and check about `count` files.

    A line whose sound file comes out wrong is not checked; with `are_sound` that is known to be none of them.
    """
    wrong = {
        (variant.format, variant.source, each.line)
        for variant, each in ([] if are_sound else sound_outcomes(folder, only))
        if each.what == OTHERWISE
    }
    counts = Counts()
    waiting: list[Variant] = []
    for variant in draw(count, seed, only):
        waiting.append(variant)
        if len(waiting) == AT_ONCE:
            _judge(waiting, folder, wrong, counts)
            waiting = []
    if waiting:
        _judge(waiting, folder, wrong, counts)
    return counts


def draw(count: int, seed: int, only: frozenset[str] = frozenset()) -> Iterator[Variant]:
    """About `count` damaged files, spread evenly over the sound ones and the kinds of damage."""
    chance = random.Random(seed)  # noqa: S311 -- a draw of tests
    sources = [source for source in formats.sources() if not only or source.sound.format in only]
    chance.shuffle(sources)
    sources = sources[: max(8, count // 12)]
    shares = [count * (place + 1) // len(sources) - count * place // len(sources) for place in range(len(sources))]
    for source, share in zip(sources, shares, strict=True):
        by_damage: dict[str, list[Possible]] = defaultdict(list)
        for possible in source.damages():
            by_damage[possible.damage].append(possible)
        kinds = list(by_damage.values())
        chance.shuffle(kinds)
        for some in kinds:
            chance.shuffle(some)
        rounds = range(max(map(len, kinds)))
        each = chain.from_iterable((some[nth] for some in kinds if nth < len(some)) for nth in rounds)
        yield from (possible.made() for _, possible in zip(range(share), each, strict=False))


def _judge(variants: list[Variant], folder: Path, wrong: set[tuple[str, str, int]], counts: Counts) -> None:
    for came in came_of(variants, folder):
        variant = came.variant
        counts.files[variant.format] += 1
        counts.claims[variant.format] += len({line.claim_id for line in variant.lines})
        counts.damages[variant.format, variant.damage] += 1
        for (sent, got), times in outcomes(came).items():
            counts.outcomes[variant.format, sent, got] += times
        for each in violations(came):
            if (variant.format, variant.source, each.line) in wrong:
                continue
            kind = (variant.format, each.what, variant.kind)
            counts.broken[kind] += 1
            if len(counts.examples[kind]) < KEPT_EXAMPLES:
                counts.examples[kind].append((variant, each))
