"""A whole 835 around the segments of the remittance feed, and how pyx12, a reader of its own, takes it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyx12.error_handler
import pyx12.params
import pyx12.x12context
import pyx12.x12n_document

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEAD = (
    "ISA*00*          *00*          *ZZ*PAYER          *ZZ*PROVIDER       *261124*0000*^*00501*000000001*0*T*:",
    "GS*HP*PAYER*PROVIDER*20261124*0000*1*X*005010X221A1",
)
_HEADER = (
    "ST*835*0001",
    "BPR*H*0*C*NON************20261124",
    "TRN*1*0*1123456789",
    "DTM*405*20261124",
    "N1*PR*A PAYER",
    "N3*1 STREET",
    "N4*SEATTLE*WA*981010001",
    "PER*BL*DESK*TE*2065550100",
    "N1*PE*A PROVIDER*XX*1902000227",
    "LX*1",
)
PAID = Decimal(0)
"""A denied or returned line is not paid."""


@dataclass(frozen=True)
class ReadLine:
    """One loop 2110 as the reader gives it back."""

    charge: str
    paid: str
    adjustments: list[tuple[str, str, str]]
    policies: list[str]
    controls: list[str]
    remarks: list[str]


def interchange(rows: Iterable[dict[str, Any]]) -> str:
    """One 835 with a claim for each row of the feed."""
    body = "".join(f"{segment}~" for segment in _HEADER) + "".join(_claim(row) for row in rows)
    trailer = f"SE*{body.count('~') + 1}*0001~GE*1*1~IEA*1*000000001~"
    return "".join(f"{segment}~" for segment in _HEAD) + body + trailer


def _claim(row: dict[str, Any]) -> str:
    charge = Decimal(row["charge_amount"])
    amount = format(charge.normalize(), "f")
    status = "22" if row["row_kind"] == "reversal" else "4"
    procedure = ":".join(("HC", row["hcpcs_code"], *row["modifiers"]))
    segments = [
        f"CLP*{row['claim_id'][:38]}*{status}*{amount}*0**12*{row['source_row']}*11*1",
        f"NM1*QC*1*DOE*JANE****MI*{row['member_id']}",
        f"SVC*{procedure}*{amount}*0",
        f"DTM*472*{row['service_start_date']:%Y%m%d}",
    ]
    return "".join(f"{segment}~" for segment in segments) + str(row["segments"])


def accepted(text: str) -> bool:
    """Whether pyx12 finds nothing wrong against its map of 005010X221A1."""
    return bool(pyx12.x12n_document.x12n_document(pyx12.params.params(), io.StringIO(text), None, None))


def service_lines(text: str) -> list[ReadLine]:
    """Every loop 2110, walked by the map."""
    handler = pyx12.error_handler.errh_null()
    with pyx12.x12context.X12ContextReader(pyx12.params.params(), handler, io.StringIO(text)) as reader:
        return [_line(tree) for tree in reader.iter_segments("2110") if tree.id == "2110"]


def _line(tree: Any) -> ReadLine:
    def values(segment: str, *elements: str) -> list[tuple[str, ...]]:
        return [tuple(node.get_value(element) for element in elements) for node in tree.select(segment)]

    ((charge, paid),) = values("SVC", "SVC02", "SVC03")
    return ReadLine(
        charge,
        paid,
        [(group, carc, amount) for group, carc, amount in values("CAS", "CAS01", "CAS02", "CAS03")],
        [policy for (policy,) in values("REF[0K]", "REF02")],
        [number for (number,) in values("REF[6R]", "REF02")],
        [remark for (remark,) in values("LQ[HE]", "LQ02")],
    )
