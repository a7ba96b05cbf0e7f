"""The synthetic claims as one X12 interchange of 837s: 005010X222A1 (professional) and 005010X223A2 (institutional).

Each chunk of claims is a functional group and transaction of either kind. An 837 has no element for a claim's line of
business or its paid and allowed amounts, so they are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import polars as pl

from claims_edit.sample.claim_frames import (
    DIAGNOSES,
    LINES,
    claim_chunks,
    diagnosis_at,
    differs_on,
    has_line,
    of_line,
    pointers_of,
)
from claims_edit.sample.tables import PAYERS
from claims_edit.sample.text_columns import Part, filled, joined, text_bytes, where

if TYPE_CHECKING:
    from collections.abc import Iterator


PAYER_IDS = {name: f"SMP{place:02}" for place, name in enumerate(PAYERS, start=1)}
DAY, TIME = "20261120", "0300"  # the interchange's date and time
SENDER, RECEIVER, CONTROL = "CLAIMSSAMPLE", "SAMPLEPAYER", "000000001"
ISA = f"ISA*00*{'':10}*00*{'':10}*ZZ*{SENDER:15}*ZZ*{RECEIVER:15}*{DAY[2:]}*{TIME}*^*00501*{CONTROL}*0*P*:~\n"
OPENING = (  # of a transaction; its control number is the group's
    "GS*HC*{sender}*{receiver}*{day}*{time}*{group}*X*{version}~\n"
    "ST*837*{group:04}*{version}~\n"
    "BHT*0019*00*{group}*{day}*{time}*CH~\n"
    "NM1*41*2*SAMPLE CLEARINGHOUSE*****46*SMPCH~\n"
    "PER*IC*EDI DESK*TE*8005550100~\n"
    "NM1*40*2*SAMPLE PAYER GATEWAY*****46*SMPGW~\n"
)
CLOSING = "SE*{segments}*{group:04}~\nGE*1*{group}~\n"


def segment(*elements: Part) -> list[Part]:
    """One segment, its terminator and a line feed."""
    parts: list[Part] = []
    for element in elements:
        parts += [element, "*"]
    return [*parts[:-1], "~\n"]


def date(column: str) -> pl.Expr:
    """A date as CCYYMMDD."""
    return pl.col(column).dt.strftime("%Y%m%d")


def _billing_provider() -> pl.Expr:
    """2000A and 2010AA, before the first claim of each billing provider of the transaction."""
    return where(
        pl.col("opens_provider"),
        [
            *segment("HL", pl.col("provider_level").cast(pl.String), "", "20", "1"),
            *segment("PRV", "BI", "PXC", pl.col("billing_taxonomy")),
            *segment("NM1", "85", "2", pl.col("billing_name"), *[""] * 4, "XX", pl.col("billing_npi")),
            *segment("N3", pl.col("billing_street")),
            *segment("N4", pl.col("billing_city"), pl.col("billing_state"), pl.col("billing_zip")),
            *segment("REF", "EI", pl.col("billing_tax_number")),
        ],
    )


def _subscriber() -> list[Part]:
    """2000B, 2010BA and 2010BB: the patient is the subscriber."""
    indicator = filled(pl.col("claim_filing_indicator_code"), "*" * 6)
    member = filled(pl.col("member_id"), "*" * 4 + "MI*")
    level, parent = pl.col("claim_level").cast(pl.String), pl.col("provider_level").cast(pl.String)
    return [
        *segment("HL", level, parent, "22", "0"),
        *segment("SBR", "P", "18", joined([pl.col("group_id"), indicator])),
        *segment("NM1", "IL", "1", pl.col("member_last_name"), joined([pl.col("member_first_name"), member])),
        *segment("N3", pl.col("member_street")),
        *segment("N4", pl.col("member_city"), pl.col("member_state"), pl.col("member_zip").str.head(5)),
        *segment("DMG", "D8", date("member_birth_date"), pl.col("member_sex")),
        *segment("NM1", "PR", "2", pl.col("payer"), *[""] * 4, "PI", pl.col("payer").replace_strict(PAYER_IDS)),
    ]


def _original() -> pl.Expr:
    """REF*F8 of a replacement or void."""
    original = pl.col("original_claim_id")
    return where(original.is_not_null(), segment("REF", "F8", original))


def _rendering() -> list[Part]:
    """NM1*82 of the claim."""
    name = [pl.col("rendering_last_name"), pl.col("rendering_first_name")]
    return segment("NM1", "82", "1", *name, *[""] * 3, "XX", of_line("rendering_npi", 1))


def _own_rendering(line: int) -> pl.Expr:
    """NM1*82 of a line whose provider differs from the claim's."""
    own = segment("NM1", "82", "1", "LOCUM", "TENENS", *[""] * 3, "XX", of_line("rendering_npi", line))
    return where(differs_on(line), own)


def _procedure(line: int) -> pl.Expr:
    """The HC composite of a line."""
    modifiers = [filled(of_line(f"hcpcs_modifier_{place}", line), ":") for place in (1, 2)]
    return joined(["HC:", of_line("hcpcs_code", line), *modifiers])


def _control(line: int) -> list[Part]:
    """The line's control number."""
    return segment("REF", "6R", joined([pl.col("claim_id"), f"-{line}"]))


def _professional_line(line: int) -> pl.Expr:
    """2400 of an 837P; a line without a HCPCS code has a local code, because SV101 cannot be empty."""
    first, *others = pointers_of(line)
    pointers = joined([first, *(filled(pointer, ":") for pointer in others)])
    amount, units = (of_line(name, line).cast(pl.String) for name in ("charge_amount", "service_unit_quantity"))
    return where(
        has_line(line),
        [
            *segment("LX", of_line("claim_line_number", line).cast(pl.String)),
            *segment("SV1", _procedure(line).fill_null("ER:LOCAL"), amount, "UN", units, "", "", pointers),
            *segment("DTP", "472", "D8", date("claim_line_start_date")),
            *_control(line),
            _own_rendering(line),
        ],
    )


def _institutional_line(line: int) -> pl.Expr:
    """2400 of an 837I, without dates of its own."""
    amount, units = (of_line(name, line).cast(pl.String) for name in ("charge_amount", "service_unit_quantity"))
    revenue = of_line("revenue_center_code", line)
    return where(
        has_line(line),
        [
            *segment("LX", of_line("claim_line_number", line).cast(pl.String)),
            *segment("SV2", revenue, _procedure(line).fill_null(""), amount, "UN", units),
            *_control(line),
            _own_rendering(line),
        ],
    )


def professional_claim() -> pl.Expr:
    """A claim of an 837P, from its HL to its last line."""
    place = joined([pl.col("place_of_service_code"), ":B:", pl.col("claim_frequency_code")])
    others = [filled(diagnosis_at(at), "*ABF:") for at in DIAGNOSES[1:]]
    return joined([
        _billing_provider(),
        *_subscriber(),
        *segment("CLM", pl.col("claim_id"), pl.col("charge_amount").cast(pl.String), "", "", place, *"YAYY"),
        _original(),
        *segment("HI", joined(["ABK:", diagnosis_at(1), *others])),
        *_rendering(),
        *segment("PRV", "PE", "PXC", pl.col("rendering_taxonomy")),
        *(_professional_line(line) for line in LINES),
    ])  # fmt: skip


def institutional_claim() -> pl.Expr:
    """A claim of an 837I; an inpatient one has its admission, the admitting diagnosis, and "present on admission"."""
    place = joined([pl.col("facility"), ":A:", pl.col("claim_frequency_code")])
    inpatient = pl.col("facility") == "11"
    present = where(inpatient, [":" * 7 + "Y"])
    codes = [diagnosis_at(at) for at in DIAGNOSES[1:]]
    others = [where(code.is_not_null(), ["*ABF:", code, present]) for code in codes]
    return joined([
        _billing_provider(),
        *_subscriber(),
        *segment("CLM", pl.col("claim_id"), pl.col("charge_amount").cast(pl.String), "", "", place, "", *"AYY"),
        *segment("DTP", "434", "RD8", joined([date("claim_start_date"), "-", date("claim_end_date")])),
        where(inpatient, segment("DTP", "435", "DT", joined([date("claim_start_date"), "0800"]))),
        *segment("CL1", "3", "1", "01"),
        _original(),
        *segment("HI", joined(["ABK:", diagnosis_at(1), present])),
        where(inpatient, segment("HI", joined(["ABJ:", diagnosis_at(1)]))),
        where(pl.any_horizontal(code.is_not_null() for code in codes), ["HI", *others, "~\n"]),
        *segment("NM1", "71", "1", "HOUSE", "ATTENDING", *[""] * 3, "XX", of_line("rendering_npi", 1)),
        *_rendering(),
        *(_institutional_line(line) for line in LINES),
    ])  # fmt: skip


GUIDES = {  # of each claim type: the guide in GS08 and ST03, and the text of a claim
    "professional": ("005010X222A1", professional_claim()),
    "institutional": ("005010X223A2", institutional_claim()),
}


def write_x12(stream: BinaryIO, lines: int, seed: int) -> None:
    """Write the interchange with the first `lines` lines."""
    stream.write(ISA.encode())
    group = 0
    for claims in claim_chunks(lines, seed):
        for claim_type, (version, text) in GUIDES.items():
            own = claims.filter(claim_type=claim_type)
            if own.height:
                group += 1
                stream.writelines(_group(own, group, version, text))
    stream.write(f"IEA*{group}*{CONTROL}~\n".encode())


def _group(claims: pl.DataFrame, group: int, version: str, claim: pl.Expr) -> Iterator[bytes]:
    """A functional group with one transaction."""
    names = {"sender": SENDER, "receiver": RECEIVER, "day": DAY, "time": TIME}
    opening = OPENING.format(group=group, version=version, **names).encode()
    body = text_bytes(_levels(claims).select(claim.alias("text")).collect()["text"])
    segments = opening.count(b"~") + body.count(b"~")  # one less for GS, one more for SE
    yield opening
    yield body
    yield CLOSING.format(group=group, segments=segments).encode()


def _levels(claims: pl.DataFrame) -> pl.LazyFrame:
    """The claims by billing provider, with the numbers of their HL segments."""
    opens = (pl.col("billing_npi") != pl.col("billing_npi").shift()).fill_null(value=True)
    place = pl.int_range(pl.len())
    ordered = claims.lazy().sort("billing_npi", "number").with_columns(opens.alias("opens_provider"))
    claim_level = place + pl.col("opens_provider").cum_sum() + 1
    provider_level = pl.when(opens).then(claim_level - 1).forward_fill()
    return ordered.with_columns(claim_level.alias("claim_level"), provider_level.alias("provider_level"))
