"""All sound files, and how each format damages them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tests.lib.damage import fhir_damage, table_damage, x12_damage
from tests.lib.damage.fhir_sound import sound_files
from tests.lib.damage.table_sound import sound_tables
from tests.lib.damage.variant import ready
from tests.lib.damage.x12_sound import sound_interchanges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lib.damage.table_sound import Sound
    from tests.lib.damage.variant import Possible, Variant


@dataclass(frozen=True)
class Source:
    """A sound file, and every damage to it."""

    sound: Variant
    damages: Callable[[], Iterator[Possible]]


def sources() -> list[Source]:
    """The sound files of all formats, in a fixed order."""
    return [
        *(Source(x12_damage.undamaged(sound), partial(x12_damage.damages, sound)) for sound in sound_interchanges()),
        *(Source(fhir_damage.undamaged(sound), partial(fhir_damage.damages, sound)) for sound in sound_files()),
        *(Source(table_damage.undamaged(sound), partial(_of_table, sound)) for sound in sound_tables()),
    ]


def _of_table(sound: Sound) -> Iterator[Possible]:
    return map(ready, table_damage.damages(sound))
