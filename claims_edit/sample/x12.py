"""The synthetic claims as one X12 interchange of 837s: 005010X222A1 (professional) and 005010X223A2 (institutional).

Each chunk of claims is a functional group and transaction of either kind. An 837 has no element for a claim's line of
business or its paid and allowed amounts, so they are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import polars as pl

from claims_edit.sample.claim_frames import claim_chunks
from claims_edit.sample.text_columns import text_bytes
from claims_edit.sample.x12_claims import institutional_claim, professional_claim

if TYPE_CHECKING:
    from collections.abc import Iterator

GUIDES = {  # of each claim type: the guide in GS08 and ST03, and the text of a claim
    "professional": ("005010X222A1", professional_claim()),
    "institutional": ("005010X223A2", institutional_claim()),
}
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
