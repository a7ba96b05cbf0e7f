"""An 837 file as bytes: delimiters, white space, encodings, headers, and chunks; and small 837s for the other tests."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from claims_edit.errors import InputError
from claims_edit.intake.extract import FAULT, ORDINAL
from claims_edit.intake.files import sniff
from claims_edit.intake.mapping import Mapping
from claims_edit.intake.x12 import extract, interchange
from claims_edit.intake.x12.extract import X12Extract
from tests.lib.examples import first

if TYPE_CHECKING:
    from pathlib import Path

ISA = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260101*1253*^*00501*000000001*0*P*:"
GS = "GS*HC*SENDER*RECEIVER*20260101*1253*1*X*005010X222A1"
PROVIDER = ("HL*1**20*1", "NM1*85*2*MERIDIAN CLINIC*****XX*1234567893")
SUBSCRIBER = (
    "HL*2*1*22*0",
    "SBR*P*18*GRP-1*GOLD*****CI",
    "NM1*IL*1*RIVERA*ANA****MI*MBR-1",
    "NM1*PR*2*PREMERA BLUE CROSS*****PI*430",
)
HI = "HI*ABK:C220*ABF:K7460*ABF:E119"
TINY = (1, 37, 211, 1900, 5000)


def claim(claim_id: str = "ACCT-1", charge: str = "100", place: str = "11:B:1") -> tuple[str, str]:
    """A claim up to its first line."""
    return (f"CLM*{claim_id}*{charge}***{place}*Y*A*Y*Y", HI)


def line(number: int = 1, procedure: str = "HC:47384", charge: str = "100", pointers: str = "1") -> tuple[str, ...]:
    """A professional service line."""
    return (f"LX*{number}", f"SV1*{procedure}*{charge}*UN*1***{pointers}", "DTP*472*D8*20260203")


def transaction(*segments: str, number: str = "0001") -> tuple[str, ...]:
    """An 837 transaction around segments, its control segments in order."""
    return (
        f"ST*837*{number}*005010X222A1",
        "BHT*0019*00*1*20260101*1253*CH",
        *segments,
        f"SE*{len(segments) + 3}*{number}",
    )


def file_of(*transactions: tuple[str, ...]) -> tuple[str, ...]:
    """An interchange of one group, its control segments in order."""
    return (
        ISA,
        GS,
        *(part for parts in transactions for part in parts),
        f"GE*{len(transactions)}*1",
        "IEA*1*000000001",
    )


def sound(*segments: str) -> tuple[str, ...]:
    """An interchange of one transaction with one provider and subscriber, around segments."""
    return file_of(transaction(*PROVIDER, *SUBSCRIBER, *segments))


def by_guide(segments: tuple[str, ...], guide: str) -> tuple[str, ...]:
    """Segments whose group and transactions follow another guide than 837P."""
    return tuple(segment.replace("005010X222A1", guide) for segment in segments)


def rendered(segments: tuple[str, ...], terminator: str = "~", line_end: str = "\n", marks: str = "*:") -> bytes:
    """Segments as a file; `marks` are the element and the component separator."""
    text = "".join(f"{segment}{terminator}{line_end}" for segment in segments)
    return text.translate(str.maketrans("*:", marks)).encode()


@dataclass(frozen=True)
class Found:
    """What an extract gives: lines, what it rejects (source row, check, text), warnings, and late doubts."""

    frame: pl.DataFrame
    rejects: list[tuple[Any, ...]]
    warnings: dict[str, int]
    late: pl.DataFrame

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The lines."""
        return self.frame.to_dicts()

    @property
    def row(self) -> dict[str, Any]:
        """The only line."""
        (row,) = self.rows
        return row

    @property
    def faults(self) -> list[set[str]]:
        """Of each line, why the reader refuses it."""
        return [set((fault or "").split()) for fault in self.frame[FAULT]]


def read(
    folder: Path, content: bytes | tuple[str, ...], *, size: int | None = None, mapping: Mapping | None = None
) -> Found:
    """Read a file that holds `content`, in chunks of `size` bytes."""
    path = folder / "claims.837"
    path.write_bytes(content if isinstance(content, bytes) else rendered(content))
    reader = X12Extract(sniff(path, "x12"), mapping or Mapping())
    with pytest.MonkeyPatch.context() as patch:
        if size is not None:
            patch.setattr(X12Extract, "CHUNK_BYTES", size)
        frames = list(reader.batches(250_000))
    assert all(frame.schema == frames[0].schema for frame in frames)
    frame = pl.concat(frames) if frames else pl.DataFrame(schema={FAULT: pl.String, ORDINAL: pl.Int64})
    return Found(frame, reader.rejects().rows(), dict(reader.warnings), reader.late_doubts())


PLAIN = sound(*claim(), *line(), *line(2, "HC:99213:25", "0", "2"))


@pytest.mark.parametrize("line_end", ["", "\n", "\r\n", "\r", "   ", "\n\n\t "])
@pytest.mark.parametrize(
    ("terminator", "marks"), [("~", "*:"), ("'", "+:"), ("_", "~^"), ("\x1c", "\x1d\x1f"), ("\x1f", "\x1c\x1d")]
)
def test_delimiters_are_those_of_the_header(tmp_path: Path, terminator: str, marks: str, line_end: str) -> None:
    found = read(tmp_path, rendered(PLAIN, terminator, line_end, marks))
    assert_frame_equal(found.frame, read(tmp_path, PLAIN).frame)
    assert [(row["claim_line_number"], row["hcpcs_code"], row["hcpcs_modifier_1"]) for row in found.rows] == [
        ("1", "47384", None),
        ("2", "99213", "25"),
    ]
    assert found.warnings == {}


@pytest.mark.parametrize("terminator", ["\n", "\r", "\r\n"])
def test_a_line_end_may_be_the_terminator(tmp_path: Path, terminator: str) -> None:
    found = read(tmp_path, rendered(PLAIN, terminator, ""))
    assert_frame_equal(found.frame, read(tmp_path, PLAIN).frame)


def test_lines_of_eighty_characters_are_put_together(tmp_path: Path) -> None:
    text = rendered(PLAIN, line_end="")
    wrapped = b"\r\n".join(text[at : at + 80] for at in range(0, len(text), 80))
    assert_frame_equal(read(tmp_path, wrapped).frame, read(tmp_path, PLAIN).frame)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.replace(b"ST*", b"\xef\xbb\xbfST*").replace(b"GOLD", b"\xef\xbb\xbfGOLD"),
        lambda text: b" \r\n\0" + text,
        lambda text: text.replace(b"~", b"~~ ~"),
        lambda text: text[:110] + text[110:].replace(b"~\n", b" \t~\n" + b" " * 3000, 9),
        lambda text: text.rstrip()[:-1],
        lambda text: text + b"\r\n \n\x1a\n\0\0\0",
        lambda text: text.replace(b" " * 10, b"").replace(b"SENDER         ", b"S"),
        lambda text: text.decode().encode("utf-16"),
        gzip.compress,
    ],
)
@pytest.mark.parametrize("size", [None, 700])
def test_what_is_kept_around_segments_does_not_matter(tmp_path: Path, change: Any, size: int | None) -> None:
    text = rendered(PLAIN)
    found, plain = read(tmp_path, change(text), size=size), read(tmp_path, text)
    assert_frame_equal(found.frame, plain.frame)
    assert {check for check in found.warnings if check != "segment-unreadable"} == set()


def test_a_line_is_numbered_by_its_segment(tmp_path: Path) -> None:
    found = read(tmp_path, rendered(PLAIN).replace(b"~", b"~~\n~"))
    names = [segment.split("*")[0] for segment in PLAIN]
    assert found.frame[ORDINAL].to_list() == [place for place, name in enumerate(names, 1) if name == "SV1"]


def test_each_interchange_has_its_own_delimiters(tmp_path: Path) -> None:
    texts = [rendered(PLAIN), rendered(PLAIN, "\n", "", "|>"), rendered(PLAIN, "'", "", "+^"), rendered(PLAIN)]
    found = read(tmp_path, b"".join(texts))
    one = read(tmp_path, PLAIN).frame.drop(ORDINAL)
    assert_frame_equal(found.frame.drop(ORDINAL), pl.concat([one] * 4))
    assert found.frame[ORDINAL].to_list() == [place + len(PLAIN) * nth for nth in range(4) for place in (14, 17)]
    assert found.warnings == {}


@pytest.mark.long
@pytest.mark.parametrize("size", [None, *TINY])
def test_a_separator_in_a_plain_element_stays_what_it_is(tmp_path: Path, size: int | None) -> None:
    texts = [rendered(sound(*claim("A:B"), *line()), marks=marks) for marks in ("*:", "*>", "|^")]
    found = read(tmp_path, b"".join(texts), size=size)
    assert found.frame["claim_id"].to_list() == ["A:B", "A>B", "A^B"]


@pytest.mark.parametrize("size", first(4, [None, *TINY]))
@pytest.mark.parametrize("marks", ["*:", "|>"])
def test_a_header_begins_an_interchange_where_the_terminator_before_it_is_lost(
    tmp_path: Path, marks: str, size: int | None
) -> None:
    first = rendered(PLAIN).rstrip().removesuffix(b"~")
    found = read(tmp_path, first + rendered(PLAIN, marks=marks), size=size)
    assert found.frame.height == 4
    assert found.warnings == {}


def test_a_name_that_ends_like_a_header_is_none(tmp_path: Path) -> None:
    segments = tuple(segment.replace("RIVERA*ANA****", "RIVERA*LISA*M***") for segment in PLAIN)
    assert read(tmp_path, segments).frame["member_id"].to_list() == ["MBR-1", "MBR-1"]


def test_a_segment_that_is_not_utf_8_is_latin_1(tmp_path: Path) -> None:
    text = rendered(sound(*claim("A\u00e9"), *line())).replace(b"GRP-1", b"GRP\xe9")
    row = read(tmp_path, text).row
    assert (row["claim_id"], row["group_id"]) == ("A\u00e9", "GRP\u00e9")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"HELLO*00*~", "does not begin with an interchange header"),
        (b"ISA", "does not begin with an interchange header"),
        (rendered(PLAIN).replace(b"*^*", b"^", 1), "byte 1: the interchange header .* sixteen elements"),
        (rendered(PLAIN).replace(b"*P*:~", b"*P*:A", 1), "byte 1: the interchange header"),
        (
            rendered(PLAIN) + rendered(PLAIN).replace(b"*P*:~", b"*P**~", 1),
            f"byte {len(rendered(PLAIN)) + 1}: the inter",
        ),
        (rendered(file_of(("ST*835*0001", "SE*2*0001"))), "has no 837 transaction.*it is a remittance advice"),
        (rendered(file_of(("ST*277*1*005010X214", "SE*2*1"))), "it is a claim status response or claim acknowledgment"),
        (
            rendered(file_of(("ST*999*0001", "SE*2*0001"), ("ST*835*2", "SE*2*2"))),
            r"\(835\), an implementation acknowledgment",
        ),
        (rendered(file_of(("ST*ZZ*0001", "SE*2*0001"))), "it is X12 of another kind"),
        (rendered((ISA, "TA1*000000001*260101*1253*A*000", "IEA*0*000000001")), "an interchange acknowledgment"),
        (rendered(file_of()), "an X12 interchange without transactions, or cut off"),
        (rendered(file_of(transaction(), transaction(*PROVIDER, *SUBSCRIBER))), r"837 without claims.*\(2\)"),
    ],
)
@pytest.mark.parametrize("size", [None, 50])
def test_a_file_that_is_no_837_is_refused(tmp_path: Path, content: bytes, fault: str, size: int | None) -> None:
    with pytest.raises(InputError, match=fault):
        read(tmp_path, content, size=size)


def test_damaged_gzip_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress(rendered(sound(*claim(), *(part for number in range(1, 20_000) for part in line(number)))))
    with pytest.raises(InputError, match="the compressed stream is cut off or damaged"):
        read(tmp_path, packed[: len(packed) // 2])


@pytest.mark.parametrize("size", [None, 300])
def test_a_lost_terminator_shows_as_a_long_segment_or_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int | None
) -> None:
    monkeypatch.setattr(interchange, "LONGEST_SEGMENT", 400)
    monkeypatch.setattr(extract, "LONGEST_SEGMENT", 400)
    read(tmp_path, sound(*claim(), f"NTE*ADD*{'x' * 350}", *line()), size=size)
    with pytest.raises(InputError, match="a segment is longer than"):
        read(tmp_path, sound(*claim(), f"NTE*ADD*{'x' * 400}", *line()), size=size)


def test_a_claim_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract, "LONGEST_CLAIM", 20_000)
    lines = [part for number in range(1, 1000) for part in line(number)]
    with pytest.raises(InputError, match="a claim is longer than"):
        read(tmp_path, sound(*claim(), *lines), size=1000)


def test_errors_do_not_show_what_the_file_holds(tmp_path: Path) -> None:
    for content in (b"HELLO*SECRET~", rendered(PLAIN).replace(b"*P*:~", b"*SECRET*:A", 1)):
        with pytest.raises(InputError) as error:
            read(tmp_path, content)
        assert "SECRET" not in str(error.value)


def rich() -> tuple[str, ...]:
    """Claims of every kind, some of them damaged, in several transactions."""
    dependent = ("HL*3*2*23*0", "PAT*19", "NM1*QC*1*RIVERA*LUZ")
    other_payer = ("SBR*S*18*OTHER******CI", "OI***Y***Y", "NM1*IL*1*X*Y****MI*OTHER", "NM1*PR*2*OTHER*****PI*9")
    return file_of(
        transaction(
            *PROVIDER, *SUBSCRIBER, *claim("A"), "REF*F8*ORIG", *other_payer, *line(), *line(2), *claim("B"), "ZZ*1",
            *line(), *claim("C"), *line(), *dependent, *claim("D"), *line(), *line(2)[1:], "HL*4*1*22*0",
            *SUBSCRIBER[1:], *claim("E"), "LX*1", *line(2), *claim("F"), *claim("G", place="11:B:"), *line(),
        ),
        ("ST*835*9999", "CLP*X*1", "SV1*HC:0600T*1*UN*1", "SE*4*9999"),
        transaction(
            *PROVIDER, *SUBSCRIBER, "NM2*1", *claim("H"), *line(), "SBR*P*18", *claim("I"), *line(), *dependent,
            *claim("J"), "HI*BG:30", *line(), number="0002",
        )[:-1],
        transaction(*PROVIDER, *line(), "NM1*PR*2*LATE*****PI*1", *line(2), *claim("K"), *line(), number="0003"),
        ("LX*1", "SV1*HC:99213*1*UN*1"),
    )  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("size", first(3, [*TINY, 777, 2048, 4000]))
def test_nothing_depends_on_where_a_chunk_ends(tmp_path: Path, size: int) -> None:
    whole, parts = read(tmp_path, rich()), read(tmp_path, rich(), size=size)
    assert_frame_equal(parts.frame, whole.frame)
    assert (parts.rejects, parts.warnings) == (whole.rejects, whole.warnings)
    assert whole.frame.height == 15
    assert len(whole.rejects) == 2


@pytest.mark.parametrize("seed", first(4, range(12)))
def test_nothing_depends_on_chunks_where_segments_are_lost_or_moved(tmp_path: Path, seed: int) -> None:
    draw = Random(seed)  # noqa: S311 -- test data
    segments = list(rich())
    for _ in range(draw.randint(1, 6)):
        moved = segments.pop(draw.randrange(1, len(segments)))
        if draw.random() < 0.5:
            segments.insert(draw.randrange(1, len(segments)), moved)
    whole = read(tmp_path, tuple(segments))
    for size in (draw.randrange(60, 1000), 2500):
        parts = read(tmp_path, tuple(segments), size=size)
        assert_frame_equal(parts.frame, whole.frame)
        assert (parts.rejects, parts.warnings) == (whole.rejects, whole.warnings)


def test_batches_end_between_claims(tmp_path: Path) -> None:
    claims = [part for number in range(50) for part in (*claim(str(number)), *line(), *line(2), *line(3))]
    (tmp_path / "claims.837").write_bytes(rendered(sound(*claims)))
    frames = list(X12Extract(sniff(tmp_path / "claims.837"), Mapping()).batches(30))
    assert len(frames) > 3
    assert all(frame.height % 3 == 0 for frame in frames)
