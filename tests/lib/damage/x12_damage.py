"""An 837 damaged one thing at a time: segments lost, doubled and moved; ids, terminators and elements garbled."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from tests.lib.damage.variant import TOKEN, Possible, Variant
from tests.lib.damage.x12_elements import element_damages
from tests.lib.damage.x12_guide import ALSO_ALLOWED, SEGMENT_IDS, is_only_one, key, loss_shows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.lib.damage.x12_sound import Piece, Sound

TERMINATOR = "~"
ENVELOPE = {"ISA", "IEA"}
Text = tuple[str, "Piece"]  # what is written, terminator and all, and the segment that it was


def variant(sound: Sound, damage: str, place: str, texts: Iterable[Text], *, alone: bool = False) -> Variant:
    """A file of these texts."""
    written = list(texts)
    lines = tuple(sorted({piece.line for text, piece in written if piece.line is not None and text.strip()}))
    return Variant(
        source=sound.name,
        format=sound.format,
        mapping=sound.mapping,
        damage=damage,
        place=place,
        content="".join(text for text, _ in written),
        lines=sound.lines,
        owners=_owners(written),
        kept=lines,
        alone=alone,
    )


def _possible(
    sound: Sound,
    damage: str,
    place: str,
    pieces: Sequence[Piece],
    text: tuple[int, str] | None = None,
    *,
    alone: bool = False,
) -> Possible:
    """A file of these segments, at one place with another text."""
    return Possible(damage, partial(_made, sound, damage, place, pieces, text, alone=alone))


def _made(
    sound: Sound, damage: str, place: str, pieces: Sequence[Piece], text: tuple[int, str] | None, *, alone: bool
) -> Variant:
    texts = whole(pieces)
    if text is not None:
        texts[text[0]] = (text[1], pieces[text[0]])
    return variant(sound, damage, place, texts, alone=alone)


def _owners(written: list[Text]) -> tuple[tuple[int, ...], ...]:
    """Of each segment that a reader finds, the lines of the pieces that are in it."""
    owners: list[set[int]] = []
    is_open = False
    for text, piece in written:
        for part in re.split(f"(?<={TERMINATOR})", text):
            content = part.rstrip(TERMINATOR)
            if content.strip():
                if not is_open:
                    owners.append(set())
                owners[-1] |= {piece.line} - {None}
                is_open = True
            is_open &= not part.endswith(TERMINATOR)
    return tuple(tuple(sorted(lines)) for lines in owners)


def whole(pieces: Iterable[Piece]) -> list[Text]:
    """The segments as they are sent."""
    return [(piece.text + TERMINATOR, piece) for piece in pieces]


def named(piece: Piece) -> str:
    """How findings name a segment."""
    return f"{key(piece.text)} {piece.loop}"


def undamaged(sound: Sound) -> Variant:
    """The file as it was sent."""
    return variant(sound, "sound", "", whole(sound.pieces))


def damages(sound: Sound) -> Iterator[Possible]:
    """Every damage that structure, counts or code lists can tell, in a fixed order."""
    yield from _lost(sound)
    yield from _doubled(sound)
    yield from _moved(sound)
    yield from _ids(sound)
    yield from _ends(sound)
    yield from _loops(sound)
    for at, piece in enumerate(sound.pieces):
        for damage, where, text in element_damages(piece, sound):
            place, new = f"{named(piece)} {where}", (at, text + TERMINATOR)
            yield _possible(sound, damage, place, sound.pieces, new, alone=piece.loop in ENVELOPE)


def _resealed(pieces: list[Piece]) -> list[Piece]:
    """The segments with the count of SE put right."""
    begin = next((at for at, piece in enumerate(pieces) if piece.text.startswith("ST*")), None)
    end = next((at for at, piece in enumerate(pieces) if piece.text.startswith("SE*")), None)
    if begin is None or end is None:
        return pieces
    control = pieces[end].text.split("*")[2]
    return [*pieces[:end], pieces[end]._replace(text=f"SE*{end - begin + 1}*{control}"), *pieces[end + 1 :]]


def _lost(sound: Sound) -> Iterator[Possible]:
    for at, piece in enumerate(sound.pieces):
        left = [*sound.pieces[:at], *sound.pieces[at + 1 :]]
        alone = piece.loop in ENVELOPE
        yield _possible(sound, "segment-lost", named(piece), left, alone=alone)
        if loss_shows(piece, sound.format) and is_only_one(sound.pieces, at):
            yield _possible(sound, "segment-lost-resealed", named(piece), _resealed(left), alone=alone)


def _doubled(sound: Sound) -> Iterator[Possible]:
    for at, piece in enumerate(sound.pieces):
        both = [*sound.pieces[: at + 1], *sound.pieces[at:]]
        alone = piece.loop in ENVELOPE
        yield _possible(sound, "segment-doubled", named(piece), both, alone=alone)
        yield _possible(sound, "segment-doubled-resealed", named(piece), _resealed(both), alone=alone)


def _moved(sound: Sound) -> Iterator[Possible]:
    for at, piece in enumerate(sound.pieces):
        rest = [*sound.pieces[:at], *sound.pieces[at + 1 :]]
        for to in range(1, len(rest)):
            if to == at or not _move_shows(sound, at, rest[to - 1]):
                continue
            moved = [*rest[:to], piece, *rest[to:]]
            alone = piece.loop in ENVELOPE
            where = "same-claim" if rest[to - 1].claim == piece.claim else "elsewhere"
            yield _possible(
                sound, "segment-moved", f"{named(piece)} to {rest[to - 1].loop} {where}", moved, alone=alone
            )  # fmt: skip


def _move_shows(sound: Sound, at: int, before: Piece) -> bool:
    """Whether the structure shows that a segment moved behind another one does not belong there."""
    piece = sound.pieces[at]
    if not is_only_one(sound.pieces, at):
        return False
    if loss_shows(piece, sound.format):
        return True
    name = key(piece.text)
    allowed = ALSO_ALLOWED.get(name) or ALSO_ALLOWED.get(name.partition("*")[0]) or set()
    return before.loop not in allowed or (before.loop, before.claim) == (piece.loop, piece.claim)


def _ids(sound: Sound) -> Iterator[Possible]:
    for at, piece in enumerate(sound.pieces):
        name, _, rest = piece.text.partition("*")
        garbled = (
            name.lower(),
            name[:-1],
            name + "X",
            f" {name}",
            f"{name} ",
            f"X{name[1:]}",
            f"{name[0]} {name[1:]}",
            "",
        )
        for damaged in garbled:
            if damaged in SEGMENT_IDS or damaged == name:
                continue
            new = (at, f"{damaged}*{rest}{TERMINATOR}")
            what = "cut" if damaged == name[:-1] else "case" if damaged == name.lower() else "garbled"
            what = "spaced" if " " in damaged else what
            yield _possible(sound, f"segment-id-{what}", named(piece), sound.pieces, new, alone=piece.loop in ENVELOPE)


def _ends(sound: Sound) -> Iterator[Possible]:
    for at, piece in enumerate(sound.pieces[:-1]):
        for end in ("", "\n", "|", "^", " ", "~~", "~\n\n", "*~"):
            new = (at, piece.text + end)
            shown = {"": "lost", "~~": "doubled", "~\n\n": "blank-line", "*~": "behind-empty-element"}.get(
                end, "garbled"
            )
            yield _possible(sound, f"terminator-{shown}", named(piece), sound.pieces, new, alone=piece.loop in ENVELOPE)


def _loops(sound: Sound) -> Iterator[Possible]:
    """Whole lines, claims and levels lost or doubled; SE01 tells, or CLM02, or the numbers of HL and LX."""
    for damage, begin, end in _spans(sound.pieces):
        span = sound.pieces[begin:end]
        name = named(span[0])
        left = [*sound.pieces[:begin], *sound.pieces[end:]]
        yield _possible(sound, f"{damage}-lost", name, left)
        both = [*sound.pieces[:end], *sound.pieces[begin:]]
        yield _possible(sound, f"{damage}-doubled", name, both)
        for to in range(1, len(left)):
            if to != begin and (left[to].text[:3] in {"LX*", "CLM", "HL*", "SE*"}):
                moved = [*left[:to], *span, *left[to:]]
                yield _possible(sound, f"{damage}-moved", f"{name} before {named(left[to])}", moved)


def _spans(pieces: tuple[Piece, ...]) -> Iterator[tuple[str, int, int]]:
    ends = {"LX*": ("LX*", "CLM", "HL*", "SE*"), "CLM": ("CLM", "HL*", "SE*"), "HL*": ("HL*", "SE*")}
    names = {"LX*": "line", "CLM": "claim", "HL*": "level"}
    for begin, piece in enumerate(pieces):
        stops = ends.get(piece.text[:3])
        if stops:
            end = next(at for at in range(begin + 1, len(pieces)) if pieces[at].text[:3] in stops)
            yield names[piece.text[:3]], begin, end


def numbered(content: str, number: int) -> str:
    """The content with ids of its own."""
    return content.replace(TOKEN, f"{number:06}")
