"""837 and FHIR files for the tests of the readers: the project's own, and public ones where they are available.

The own ones show the structures that the public ones have: claims of each kind, other payers, dependents, services of
an ambulance, repriced lines, several interchanges, other separators, segments that no guide has, and an end without its
terminator; EOBs and claims, in a Bundle, one to a line, and by themselves. Every person, clinic and number is invented.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from claims_edit.sample import write_sample
from tests.lib.damage.fhir_damage import undamaged
from tests.lib.damage.fhir_sound import sound_files
from tests.lib.damage.variant import TOKEN
from tests.lib.damage.x12_sound import COB, PREMERA, Sent, interchange

ROOT = Path(__file__).resolve().parents[2]
DECK = ROOT / "sample_claims"
PUBLIC = ROOT.parent / "shared" / "real"
SAMPLE_LINES = 40
PROFESSIONAL = (
    Sent(facts=("CR1*LB*140**A*DH*12****UNCONSCIOUS", "CRC*07*Y*01")),
    Sent(payer=PREMERA, is_dependent=True, day="20240304-20240306"),
    Sent(procedures=("99213:25", "0600T:Q0", "47384"), line_facts=("HCP*03*100*10*RPO00001*12.05", "REF*6R*7A")),
    Sent(rank="S", others=COB, provider=1, diagnoses="HI*ABK:C251*ABF:K8590", pointers="2:1"),
)
INSTITUTIONAL = (
    Sent(health=("HI*BE:D4:::5", "HI*BG:30"), procedures=("0600T", "0601T")),
    Sent(frequency="8", facts=("REF*F8*EARLIER1",), diagnoses="HI*ABK:C251:::::::Y"),
)
DENTAL = (Sent(procedures=("0600T", "D0120")), Sent(provider=1, is_dependent=True))


def x12_files() -> dict[str, bytes]:
    """By their names."""
    return own_x12() | public("x12")


def fhir_files() -> dict[str, bytes]:
    """By their names; what ends in `.ndjson` has one resource a line."""
    return own_fhir() | public("fhir")


def public(kind: str) -> dict[str, bytes]:
    """Files that others wrote, where they are available."""
    folder = PUBLIC / kind
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())} if folder.is_dir() else {}


@cache
def own_x12() -> dict[str, bytes]:
    """The project's own 837 files."""
    professional, institutional, dental = (
        _text(fmt, claims)
        for fmt, claims in (("837P", PROFESSIONAL), ("837I", INSTITUTIONAL), ("837D", DENTAL))
    )  # fmt: skip
    unknown = professional.replace("~\nLX*1~", "~\nZZZ*1*NO GUIDE HAS IT~\nLX*1~", 1)
    texts = {
        "professional": professional,
        "institutional": institutional,
        "dental": dental,
        "other-separators": professional.translate(str.maketrans("*:~", "|>!")),
        "on-one-line": professional.replace("\n", ""),
        "several-interchanges": f"{institutional}\n{professional}\n{dental}",
        "unknown-segment": unknown,
        "no-last-terminator": dental.removesuffix("~\n"),
    }
    return {
        **{name: text.encode() for name, text in texts.items()},
        "deck": (DECK / "claims.837").read_bytes(),
        "sample": _sampled("sample.837", None),
    }


def _text(fmt: str, claims: tuple[Sent, ...]) -> str:
    pieces, _ = interchange(fmt, tuple(replace(sent, filing="MC") for sent in claims))
    return "".join(f"{piece.text}~\n" for piece in pieces).replace(TOKEN, "0001")


@cache
def own_fhir() -> dict[str, bytes]:
    """The project's own FHIR files."""
    sound = {(file.name, file.format): undamaged(file).content.replace(TOKEN, "0001") for file in sound_files()}
    lines = sound["trial-number", "fhir-ndjson"]
    eob = json.loads(lines.splitlines()[0])
    return {
        "bundle.json": json.dumps(json.loads(sound["authorized-eob", "fhir-json"]), indent=2).encode(),
        "eob.json": json.dumps(eob, indent=2).encode(),
        "lines.ndjson": lines.encode(),
        "deck.ndjson": (DECK / "claims-fhir.ndjson").read_bytes(),
        "sample.ndjson": _sampled("sample.ndjson", "fhir"),
    }


def _sampled(name: str, fmt: str | None) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        write_sample(SAMPLE_LINES, path, seed=1, fmt=fmt)
        return path.read_bytes()
