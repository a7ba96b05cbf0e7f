"""A FHIR file damaged one thing at a time: keys, types, codes and references of its resources, and the text of one."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.lib.damage.variant import Possible, Variant, ready

if TYPE_CHECKING:
    from tests.lib.damage.fhir_sound import Json, Sound

Change = Callable[[Any, Any], None]  # is given what holds a value, and its key there
Path = tuple[str | int, ...]
AGAIN = "\x02"  # behind a key that is written twice; it does not stay in the text
WRONG = (None, True, 7, "x", [], {}, [[]], {"x": 1}, "", " ")
REQUIRED = {
    "resourceType", "status", "type", "use", "provider", "insurance", "focal", "coverage", "sequence", "item",
    "category", "productOrService", "diagnosisCodeableConcept", "diagnosisReference", "outcome", "coding", "code",
    "system", "reference",
}  # fmt: skip
CODES = {"status", "use", "outcome", "resourceType"}  # with a code list that FHIR requires
SYSTEM_CODES = {"type", "relationship", "category"}  # concepts whose codes come from a list
OPTIONAL_CODE = {
    "supportingInfo",
    "modifier",
}  # in which a code that is gone is one of many things that may be there
CODE_FORMS = ("{} ", " {}", "{}.", "-{}", "hc:{}", '="{}"', "{}-59", "{},X", "{}/{{}}", "({})")
EXTENSION = [{"url": "http://example.org/not-done", "valueBoolean": True}]


def undamaged(sound: Sound) -> Variant:
    """The file as it was sent."""
    return _variant(sound, "sound", "", [_text(one) for one in sound.resources])


def damages(sound: Sound) -> Iterator[Possible]:
    """Every damage to the claim of interest and to what it refers to, in a fixed order."""
    for at in range(1, len(sound.resources) - 1) if len(sound.resources) > 2 else (0, 1):
        for damage, place, changed in _of_resource(sound.resources[at]):
            yield Possible(damage, partial(_with_resource, sound, at, damage, place, changed))
        yield from map(ready, _of_text(sound, at))


def _with_resource(sound: Sound, at: int, damage: str, place: str, changed: Callable[[], Json]) -> Variant:
    """The file with a changed resource at a place."""
    texts = [_text(one) for one in sound.resources]
    texts[at] = _text(changed())
    return _variant(sound, damage, place, texts)


def _variant(sound: Sound, damage: str, place: str, texts: list[str], owners: Any = None) -> Variant:
    is_bundle = sound.format == "fhir-json"
    content = "".join(f"{text}\n" for text in texts)
    if is_bundle:
        entries = ",".join(f'{{"resource":{text}}}' for text in texts)
        content = f'{{"resourceType":"Bundle","type":"collection","entry":[{entries}]}}'
    owned = sound.owners if owners is None else owners
    kept = tuple(sorted({line for lines in owned for line in lines}))
    return Variant(sound.name, sound.format, "none", damage, place, content, sound.lines, owned, kept, alone=is_bundle)


def _text(resource: Any) -> str:
    return json.dumps(resource, separators=(",", ":")).replace("\\u0002", "")


def _of_text(sound: Sound, at: int) -> Iterator[Variant]:
    """Damage that a parser sees, and whole resources lost, doubled or moved."""
    texts = [_text(one) for one in sound.resources]
    text = texts[at]
    kind = sound.resources[at]["resourceType"]
    cuts = {
        "cut": text[: len(text) // 2], "brace-lost": text[:-1], "brace-doubled": text + "}",
        "quote-lost": text.replace('"', "", 1), "comma-lost": text.replace(",", "", 3),
        "colon-garbled": text.replace(":", ";", 1), "glued": text + text, "in-list": f"[{text}]",
        "byte-order-mark": "\ufeff" + text,
    }  # fmt: skip
    for damage, changed in cuts.items():
        yield _variant(sound, f"text-{damage}", kind, [*texts[:at], changed, *texts[at + 1 :]])
    doubled = (*sound.owners[: at + 1], *sound.owners[at:])
    yield _variant(sound, "resource-doubled", kind, [*texts[: at + 1], *texts[at:]], doubled)
    if not sound.owners[at]:
        left = (*sound.owners[:at], *sound.owners[at + 1 :])
        yield _variant(sound, "resource-lost", kind, [*texts[:at], *texts[at + 1 :]], left)


def _of_resource(resource: Json) -> Iterator[tuple[str, str, Callable[[], Json]]]:
    for path in _paths(resource):
        place = ".".join(str(part) for part in path if isinstance(part, str))
        for damage, change in _changes(resource, path):
            yield damage, f"{resource['resourceType']}.{place}", partial(_changed, resource, path, change)


def _changed(resource: Json, path: Path, change: Change) -> Json:
    changed = copy.deepcopy(resource)
    _apply(changed, path, change)
    return changed


def _paths(node: Any, above: Path = ()) -> Iterator[Path]:
    for key in node if isinstance(node, dict) else range(len(node)):
        yield (*above, key)
        if isinstance(node[key], (dict, list)):
            yield from _paths(node[key], (*above, key))


def _apply(resource: Json, path: Path, change: Change) -> None:
    owner: Any = resource
    for part in path[:-1]:
        owner = owner[part]
    change(owner, path[-1])


def _at(node: Any, path: Path) -> Any:
    for part in path:
        node = node[part]
    return node


def _changes(resource: Json, path: Path) -> Iterator[tuple[str, Change]]:
    key, value = path[-1], _at(resource, path)
    names = [part for part in path if isinstance(part, str)]
    if isinstance(key, str):
        yield from _of_key(key, names, value)
    for wrong in WRONG:
        if type(wrong) is not type(value) and (wrong or key in REQUIRED):
            yield "wrong-type", _replaced(wrong)
    yield from _wrapped(value)
    if isinstance(value, str):
        yield from _values(names, value)
    if key in {"diagnosisSequence", "sequence"}:
        for number in (0, 9, -1, 99, "1", 1.5):
            yield "sequence-dangling", _replaced(number if key == "sequence" else [number])
    if isinstance(value, dict) and key != "quantity":
        yield "modifier-extension", _extended


def _of_key(key: str, names: list[str], value: Any) -> Iterator[tuple[str, Change]]:
    spellings = (key[:-1], f"{key}s", key[:1].upper() + key[1:], key.lower(), f" {key}", key[:-2] + key[-1] + key[-2])
    for spelling in spellings:
        if spelling != key:
            yield "key-misspelt", _renamed(spelling)
    if key in REQUIRED and not (key in {"code", "system", "coding"} and OPTIONAL_CODE & set(names)):
        yield "key-lost", _lost
    for again in (value, None, [], "x"):
        yield "key-doubled", _doubled(again)


def _wrapped(value: Any) -> Iterator[tuple[str, Change]]:
    """A list where one thing should be, one thing where a list should be."""
    if isinstance(value, list) and value:
        yield "list-undone", _replaced(value[0])
        yield "list-in-list", _replaced([value])
        yield "null-in-list", _replaced([None, *value])
    else:
        yield "one-in-list", _replaced([value])


def _values(names: list[str], value: str) -> Iterator[tuple[str, Change]]:
    """A text that is in no code list, names nothing, or has not the form that it should have."""
    key = names[-1]
    is_code = key in CODES or (key == "code" and bool(SYSTEM_CODES & set(names)))
    known = {value, "claim", "Claim"} | ({"unknown-code"} if "category" in names else set())  # a list that may grow
    match key:
        case "system":
            damage, texts = (
                "system-misspelt",
                [value[:-1], f"{value}x", "http://example.org/local", value.replace(":", ";", 1)],
            )
        case "reference":
            bare = value.replace("#", "").replace("/", "")
            damage, texts = "reference-cut", [value[:-1], f"{value}x", bare, "#", "Patient/nobody", "urn:uuid:0"]
        case "servicedDate":
            forms = [value[:-1], value[:4], value[:7], value.replace("-", "/"), value.replace("0", "O")]
            damage, texts = "date-form", [*forms, value.replace("-", ""), f"{value}T25:00:00", "00-03-04", "2024-13-41"]
        case "currency":
            damage, texts = "currency", ["EUR", "usd", "US$", "QQQ", "US"]
        case _ if is_code:
            cases = [value.upper(), value.title(), f"{value} ", f" {value}"]
            damage, texts = "code-misspelt", [value[:-1], value[1:], f"{value}x", "unknown-code", *cases]
        case "code":
            damage, texts = "value-garbled", [form.format(value) for form in CODE_FORMS]
        case _:
            damage, texts = "", []
    yield from ((damage, _replaced(text)) for text in texts if text not in known)


def _renamed(spelling: str) -> Change:
    def change(owner: Any, key: Any) -> None:
        whole = {spelling if name == key else name: value for name, value in owner.items()}
        owner.clear()
        owner.update(whole)

    return change


def _doubled(again: Any) -> Change:
    def change(owner: Any, key: Any) -> None:
        owner[f"{key}{AGAIN}"] = again

    return change


def _replaced(value: Any) -> Change:
    def change(owner: Any, key: Any) -> None:
        owner[key] = value

    return change


def _lost(owner: Any, key: Any) -> None:
    del owner[key]


def _extended(owner: Any, key: Any) -> None:
    owner[key]["modifierExtension"] = EXTENSION
