"""The remittance feed: amounts as X12 has them, and no segment where something is missing or odd."""

from __future__ import annotations

from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from claims_edit.errors import ResultsError, UsageError
from claims_edit.posting_holds import POSTING_FACTS, POSTING_HOLDS
from claims_edit.report.queries import REMITTANCE_COLUMNS, REVERSAL_COLUMNS
from claims_edit.report.remittance import SEGMENT_COLUMNS
from claims_edit.report.run_report import report
from claims_edit.runner.deciding import KEPT_CANDIDATES
from tests.lib.examples import first
from tests.lib.runs import REVIEWED, line, publish

if TYPE_CHECKING:
    from pathlib import Path

RUN = "20260301T010000Z-aaaa"
LATER = "20260302T010000Z-aaaa"
REVERSAL = "the charge is negative: reverse the earlier posting instead"


def money(amount: str | None) -> dict[str, Any]:
    value = None if amount is None else Decimal(amount)
    return {"charge_amount": value, "adjustment_amount": value}


def feed(out: Path, *lines: dict[str, Any], mode: str = "enforce") -> pl.DataFrame:
    rows = [{**each, "source_row": row} for row, each in enumerate(lines, 1)]
    publish(out, RUN, rows, mode=mode, reports=["remittance"])
    return pl.read_parquet(out / "runs" / RUN / "remittance.parquet")


def kept(rows: list[dict[str, Any]], facts: dict[int, tuple[str | None, str | None]] | None = None) -> pl.DataFrame:
    """The candidates of these lines, with a control number and posting holds by row."""
    place = ("source_file", "source_row", "claim_id", "claim_line_number")
    return pl.DataFrame(
        [
            {name: row[name] for name in place}
            | dict(zip(POSTING_FACTS, (facts or {}).get(row["source_row"], (None, None)), strict=True))
            for row in rows
        ],
        schema=KEPT_CANDIDATES,
    )


def posted(out: Path, *facts: tuple[str | None, str | None], lost: int | None = None) -> list[dict[str, Any]]:
    """The feed of denied lines whose candidates hold a control number and posting holds; one of them may be lost."""
    rows = [line(source_row=row) for row in range(1, len(facts) + 1)]
    candidates = kept([row for row in rows if row["source_row"] != lost], dict(enumerate(facts, 1)))
    publish(out, RUN, rows, candidates=candidates, reports=["remittance"])
    return pl.read_parquet(out / "runs" / RUN / "remittance.parquet").to_dicts()


def test_an_amount_has_the_form_of_x12(tmp_path: Path) -> None:
    wanted = {
        "10575.00": "10575", "1000.10": "1000.1", "1000.01": "1000.01", "0.05": ".05", "0.50": ".5", "10.00": "10",
        "99999999.99": "99999999.99",
    }  # fmt: skip
    rows = feed(tmp_path, *(line(**money(amount)) for amount in wanted)).to_dicts()
    for row, (amount, cas03) in zip(rows, wanted.items(), strict=True):
        assert (row["cas_segment"], row["postable"], row["note"]) == (f"CAS*PR*55*{cas03}", True, None)
        assert (row["adjustment_amount"], row["segments"]) == (Decimal(amount), f"CAS*PR*55*{cas03}~REF*0K*242~")


def test_without_an_amount_to_post_there_is_no_cas(tmp_path: Path) -> None:
    notes = {
        None: "no charge, so no amount to adjust",
        "0.00": "the charge is zero, so there is nothing to adjust",
        "100000000.00": "the amount has more than ten digits",
        **dict.fromkeys(("-0.01", "-9400.00", "-100000000.00"), REVERSAL),
    }
    found = feed(tmp_path, *(line(**money(amount)) for amount in notes))
    assert found.select("postable", "note", "cas_segment", "segments", "ref_0k_segment").rows() == [
        (False, note, None, None, "REF*0K*242") for note in notes.values()
    ]


BREAKING: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"group_code": None}, "cas_segment", "a group code or CARC is missing or malformed"),
    ({"group_code": "PR*"}, "cas_segment", "a group code or CARC is missing or malformed"),
    ({"carc": None}, "cas_segment", "a group code or CARC is missing or malformed"),
    ({"carc": "5~5"}, "cas_segment", "a group code or CARC is missing or malformed"),
    ({"rarcs": ["N115", "N1*0"]}, "lq_segments", "a remark code is missing or malformed"),
    ({"rarcs": ["N115", None]}, "lq_segments", "a remark code is missing or malformed"),
    ({"rarcs": None}, "lq_segments", "a remark code is missing or malformed"),
    *(
        ({"policy_reference": text}, "ref_0k_segment", "the policy reference is malformed")
        for text in ("24*2", "24~2", "24:2", "24^2", "24|2", "24\n2", "", " ", "242 ", "é", "1" * 51)
    ),
)


def test_a_value_that_would_break_a_segment_makes_none(tmp_path: Path) -> None:
    rows = feed(tmp_path, *(line(**changes) for changes, _, _ in BREAKING)).to_dicts()
    for row, (changes, empty, note) in zip(rows, BREAKING, strict=True):
        assert (row[empty], row["segments"], row["postable"]) == (None, None, False), changes
        assert row["note"].split("; ")[0] == note


def test_remarks_that_look_alike_are_distinguished(tmp_path: Path) -> None:
    rows = feed(tmp_path, line(rarcs=["N115"]), line(rarcs=["N115", None]), line(rarcs=[])).to_dicts()
    assert [row["lq_segments"] for row in rows] == [["LQ*HE*N115"], None, []]


def test_a_reference_of_fifty_characters_and_none_at_all(tmp_path: Path) -> None:
    rows = feed(tmp_path, line(policy_reference="1" * 50), line(policy_reference=None)).to_dicts()
    assert [row["ref_0k_segment"] for row in rows] == ["REF*0K*" + "1" * 50, None]
    assert [row["segments"] for row in rows] == [
        f"CAS*PR*55*1000.1~REF*0K*{'1' * 50}~", "CAS*PR*55*1000.1~",
    ]  # fmt: skip


def test_remarks_follow_the_policy_and_keep_their_order(tmp_path: Path) -> None:
    (row,) = feed(tmp_path, line(carc="96", rarcs=["N130", "N10"])).to_dicts()
    assert row["lq_segments"] == ["LQ*HE*N130", "LQ*HE*N10"]
    assert row["segments"] == "CAS*PR*96*1000.1~REF*0K*242~LQ*HE*N130~LQ*HE*N10~"


def test_the_policy_goes_with_a_carc_that_asks_for_it(tmp_path: Path) -> None:
    returned = line(disposition="return", reason_code="code-not-valid-on-dos", carc="181", group_code="CO")
    rows = feed(tmp_path, returned, line()).to_dicts()
    assert [(row["policy_reference"], row["ref_0k_segment"]) for row in rows] == [("242", None), ("242", "REF*0K*242")]


@pytest.mark.parametrize(
    ("changes", "note"),
    first(
        1,
        [
            ({"group_code": "OA"}, "group_code `OA` does not go with CARC `55` (scenario not_covered)"),
            ({"carc": "45"}, "carc CARC `45` is not in an approved combination of remittance/"),
            ({"carc": "96"}, "rarcs is empty, but CARC `96` (scenario not_covered) needs a remark code"),
        ],
    ),
)
def test_codes_that_are_not_on_record_are_named_and_posted_all_the_same(
    tmp_path: Path, changes: dict[str, Any], note: str
) -> None:
    (row,) = feed(tmp_path, line(**changes)).to_dicts()
    assert (row["note"], row["postable"]) == (note, True)


def test_only_what_was_denied_or_returned_is_kept_in_it_in_order(tmp_path: Path) -> None:
    returned = {"disposition": "return", "reason_code": "code-not-valid-on-dos", "carc": "181", "group_code": "CO"}
    passed = line(disposition="pass", carc=None, group_code=None)
    found = feed(tmp_path, passed, line(), line(**REVIEWED), line(**returned), line(), line(disposition="refer"))
    assert found["source_row"].to_list() == [2, 4, 5]
    assert tuple(found.columns) == (*REMITTANCE_COLUMNS, *SEGMENT_COLUMNS, *REVERSAL_COLUMNS)


def test_a_negative_amount_stays_as_it_is_in_csv(tmp_path: Path) -> None:
    feed(tmp_path, line(**money("-5.00"), claim_id="=C1"))
    table = pl.read_csv(tmp_path / "runs" / RUN / "remittance.csv", infer_schema=False)
    (row,) = table.to_dicts()
    assert (row["claim_id"], row["adjustment_amount"]) == ("'=C1", "-5.00")
    assert (row["cas_segment"], row["segments"], row["note"]) == (None, None, REVERSAL)


@pytest.mark.parametrize("name", first(1, ["feed.csv", "feed.parquet"]))
def test_a_shadow_run_has_no_rows_and_is_refused_on_request(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    found = feed(out, line(), line(), mode="shadow")
    assert found.is_empty()
    assert (found.schema["lq_segments"], found.schema["postable"]) == (pl.List(pl.String), pl.Boolean)
    with pytest.raises(UsageError) as caught:
        report(out, RUN, "remittance", tmp_path / name)
    (fault,) = caught.value.faults
    assert fault.startswith(f"--format remittance: run {RUN} is a shadow run")
    assert not (tmp_path / name).exists()


def test_a_place_that_cannot_be_written_is_one_fault(tmp_path: Path) -> None:
    out = tmp_path / "out"
    feed(out, line())
    for name in ("feed.parquet", "feed.csv"):
        target = tmp_path / "nowhere" / name
        with pytest.raises(UsageError) as caught:
            report(out, RUN, "remittance", target)
        assert caught.value.faults == (f"{target}: cannot be written (No such file or directory). Use another --to.",)


def test_a_held_line_makes_no_segments_and_says_why(tmp_path: Path) -> None:
    *held, free = posted(tmp_path, *((None, hold) for hold in POSTING_HOLDS), (None, None))
    for row, note in zip(held, POSTING_HOLDS.values(), strict=True):
        assert (row["postable"], row["note"]) == (False, note)
        assert (row["cas_segment"], row["segments"]) == (None, None)
    assert (free["postable"], free["note"], free["segments"]) == (True, None, "CAS*PR*55*1000.1~REF*0K*242~")


def test_every_hold_of_a_line_is_named(tmp_path: Path) -> None:
    (row,) = posted(tmp_path, (None, "encounter test-data"))
    assert row["note"] == f"{POSTING_HOLDS['encounter']}; {POSTING_HOLDS['test-data']}"


def test_the_control_number_of_a_line_is_kept_between_adjustment_and_policy(tmp_path: Path) -> None:
    rows = posted(tmp_path, ("LINE-0001", None), (None, None), ("7" * 50, None))
    assert [row["line_item_control_number"] for row in rows] == ["LINE-0001", None, "7" * 50]
    assert [row["ref_6r_segment"] for row in rows] == ["REF*6R*LINE-0001", None, "REF*6R*" + "7" * 50]
    assert rows[0]["segments"] == "CAS*PR*55*1000.1~REF*6R*LINE-0001~REF*0K*242~"
    assert rows[1]["segments"] == "CAS*PR*55*1000.1~REF*0K*242~"


def test_a_control_number_that_would_break_a_segment_makes_none(tmp_path: Path) -> None:
    numbers = ("1*2", "1~2", "1:2", "1^2", "1|2", "1\n2", "1 ", "\u00e9", "1" * 51)
    for row in posted(tmp_path, *((number, None) for number in numbers)):
        assert (row["ref_6r_segment"], row["note"]) == (None, "the line item control number is malformed")
        assert (row["postable"], row["segments"]) == (True, "CAS*PR*55*1000.1~REF*0K*242~")


def test_what_an_earlier_release_kept_has_no_such_facts(tmp_path: Path) -> None:
    rows = [line(source_row=row) for row in (1, 2)]
    earlier = [name for name in KEPT_CANDIDATES if name not in {"line_item_control_number", "posting_holds"}]
    old = pl.DataFrame([{**dict.fromkeys(earlier), "source_file": "extract.csv"}], schema_overrides=KEPT_CANDIDATES)
    publish(tmp_path, RUN, rows, candidates=old, reports=["remittance"])
    found = pl.read_parquet(tmp_path / "runs" / RUN / "remittance.parquet")
    assert found.select("postable", "line_item_control_number").rows() == [(True, None)] * 2


def test_a_line_that_the_run_did_not_keep_is_not_taken_for_free(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="lacks lines that the run decided"):
        posted(tmp_path, (None, "encounter"), (None, None), (None, None), lost=2)


@pytest.mark.long
def test_facts_are_found_however_many_lines_are_between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over several batches of lines, and with whole batches in which no line has a fact."""
    monkeypatch.setattr(import_module("claims_edit.store.query"), "_BATCH_ROWS", 2_048)  # what DuckDB gives at a time
    facts = [
        ("N" + str(row) if row % 5000 == 0 else None, "encounter" if row % 3777 == 0 else None) for row in range(9_000)
    ]
    rows = posted(tmp_path, *facts)
    assert [(row["line_item_control_number"], row["postable"]) for row in rows] == [
        (number, hold is None) for number, hold in facts
    ]


@pytest.mark.parametrize("mode", first(1, ["enforce", "shadow"]))
def test_a_reversal_is_posted_where_its_adjustment_could_be(tmp_path: Path, mode: str) -> None:
    """Its amounts are those of the adjustment, negative; a shadow run reverses nothing."""
    amounts = ("1000.10", "0.05", None, "0.00", "-5.00", "100000000.00")
    denied = [line(claim_id=f"C{nth}", source_row=nth, **money(amount)) for nth, amount in enumerate(amounts)]
    passed = [each | {"disposition": "pass", "reason_code": "no-edit"} for each in denied]
    publish(tmp_path, RUN, denied, candidates=kept(denied), reports=["remittance"])
    publish(tmp_path, LATER, passed, mode=mode, reports=["remittance"])
    first, later = (pl.read_parquet(tmp_path / "runs" / run / "remittance.parquet") for run in (RUN, LATER))
    assert set(first["row_kind"]) == {"adjustment"}
    assert first.height == len(amounts)
    if mode == "shadow":
        assert later.is_empty()
        return
    assert set(later["row_kind"]) == {"reversal"}
    for was, now in zip(first.to_dicts(), later.to_dicts(), strict=True):
        amount = was["adjustment_amount"]
        assert (now["adjustment_amount"], now["charge_amount"]) == (None if amount is None else -amount,) * 2
        assert (now["postable"], now["ref_0k_segment"]) == (was["postable"], was["ref_0k_segment"])
        assert (now["run_id"], now["decided_run_id"], now["withdrawn_because"]) == (LATER, RUN, "changed")
        reverses = f"reverses an adjustment of run {RUN}: post it only if that one was posted"
        assert now["note"] == "; ".join(filter(None, (reverses, was["note"])))
    assert later["cas_segment"].to_list() == ["CAS*PR*55*-1000.1", "CAS*PR*55*-.05", None, None, None, None]
