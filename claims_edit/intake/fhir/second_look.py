"""A claim with rare elements: extensions that change a meaning, special rules, another currency.

Resources are decoded into shapes that allow none of these (`elements`), so that a sound claim pays nothing for the
check. One that does not decode is checked here: elements that the structures do not allow are removed and noted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from claims_edit.doubts import doubt_token
from claims_edit.intake.fhir.concepts import CHARGE, amount_kind
from claims_edit.intake.fhir.elements import Concept

MODIFIER_EXTENSION = "modifier-extension"
IMPLICIT_RULES = "implicit-rules"
CHARGE_CURRENCY = "charge_amount-currency"
AMOUNT_CURRENCY = "amount-currency"
DOLLAR = "USD"
LINE = re.compile(r"(?:item|addItem)\[(\d+)\]")
MONEY = re.compile(r"\.(net|unitPrice|amount)$")
ADJUDICATION = re.compile(r"adjudication\[\d+\]\.amount$")
CHANGING = {"modifierExtension": MODIFIER_EXTENSION, "implicitRules": IMPLICIT_RULES}

_anything = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass
class Notes:
    """The elements that a second check removed.

    Attributes:
        doubts: of the claim as a whole.
        line_doubts: of single items, by place in `item`.
        line_faults: the check that an item fails, by place.
        dropped: how many amounts of another currency, other than charges, are not read.
        changed: whether anything was taken away, if only an empty element.
    """

    doubts: list[str] = field(default_factory=list)
    line_doubts: dict[int, list[str]] = field(default_factory=dict)
    line_faults: dict[int, str] = field(default_factory=dict)
    dropped: int = 0
    changed: bool = False

    def add_doubt(self, name: str, path: str) -> None:
        """Note a doubt, of the item that it lies in where it lies in one."""
        line = LINE.match(path)
        if line is not None and path.startswith("item"):
            self.line_doubts.setdefault(int(line[1]), []).append(doubt_token(name, path))
        else:
            self.doubts.append(doubt_token(name, path))


def second_look(text: bytes) -> tuple[bytes, Notes]:
    """A resource without unsupported elements, and the removed ones; numbers are unchanged.

    Raises:
        msgspec.DecodeError: it is not JSON.
    """
    notes = Notes()
    resource = _anything(text)
    _walk(resource, "", notes)
    return (_encode(resource), notes) if notes.changed else (text, notes)


def _walk(node: Any, path: str, notes: Notes) -> None:  # noqa: ANN401 -- JSON
    if isinstance(node, list):
        for place, one in enumerate(node):
            _walk(one, f"{path}[{place}]", notes)
        return
    if not isinstance(node, dict):
        return
    for name in CHANGING.keys() & node.keys():
        notes.changed = True
        if node.pop(name):
            notes.add_doubt(CHANGING[name], f"{path}.{name}" if path else name)
    _currency(node, path, notes)
    for name, one in list(node.items()):
        below = f"{path}.{name}" if path else name
        if isinstance(one, dict) and ADJUDICATION.search(below) and _is_foreign(one) and not _is_charge(node):
            notes.dropped += 1
            notes.changed = True
            del node[name]
            continue
        _walk(one, below, notes)


def _is_foreign(amount: dict[str, Any]) -> bool:
    kind = amount.get("currency") or amount.get("code")
    return kind is not None and str(kind).strip().upper() != DOLLAR


def _currency(amount: dict[str, Any], path: str, notes: Notes) -> None:
    """Remove the currency of an amount; a charge in another currency is refused."""
    if MONEY.search(path) is None:
        return
    line = LINE.match(path)
    if line is not None and path.startswith("item") and _is_foreign(amount):
        notes.line_faults[int(line[1])] = CHARGE_CURRENCY
    for name in ("currency", "code"):
        notes.changed = amount.pop(name, DOLLAR) != DOLLAR or notes.changed


def _is_charge(adjudication: dict[str, Any]) -> bool:
    """Whether an adjudication has the charge; one that is not understood may have it too."""
    try:
        kind = amount_kind(msgspec.convert(adjudication.get("category"), Concept | None))
    except msgspec.ValidationError:
        return True
    return kind is not None and kind[0] == CHARGE
