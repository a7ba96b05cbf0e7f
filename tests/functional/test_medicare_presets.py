"""The presets for CMS's and Synthea's files, on small invented files of their layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.functional.program import UNREPORTED, Done, csv_text, decisions, manifest, quarantine, write
from tests.lib.examples import first

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Command = Callable[..., Done]

PAYER = "constants: {payer: Regence, line_of_business: commercial}\n"  # so that policies decide, as Medicare's do not

# Every field of a record in its order, with its length, as CMS's CCLF Information Packet has them.
LAYOUTS: dict[str, dict[str, int]] = {
    "cms-cclf5": {
        "CUR_CLM_UNIQ_ID": 13, "CLM_LINE_NUM": 10, "BENE_MBI_ID": 11, "BENE_HIC_NUM": 11, "CLM_TYPE_CD": 2,
        "CLM_FROM_DT": 10, "CLM_THRU_DT": 10, "RNDRG_PRVDR_TYPE_CD": 3, "RNDRG_PRVDR_FIPS_ST_CD": 2,
        "CLM_PRVDR_SPCLTY_CD": 2, "CLM_FED_TYPE_SRVC_CD": 1, "CLM_POS_CD": 2, "CLM_LINE_FROM_DT": 10,
        "CLM_LINE_THRU_DT": 10, "CLM_LINE_HCPCS_CD": 5, "CLM_LINE_CVRD_PD_AMT": 15, "CLM_LINE_PRMRY_PYR_CD": 1,
        "CLM_LINE_DGNS_CD": 7, "CLM_RNDRG_PRVDR_TAX_NUM": 10, "RNDRG_PRVDR_NPI_NUM": 10, "CLM_CARR_PMT_DNL_CD": 2,
        "CLM_PRCSG_IND_CD": 2, "CLM_ADJSMT_TYPE_CD": 2, "CLM_EFCTV_DT": 10, "CLM_IDR_LD_DT": 10, "CLM_CNTL_NUM": 40,
        "BENE_EQTBL_BIC_HICN_NUM": 11, "CLM_LINE_ALOWD_CHRG_AMT": 17, "CLM_LINE_SRVC_UNIT_QTY": 24,
        "HCPCS_1_MDFR_CD": 2, "HCPCS_2_MDFR_CD": 2, "HCPCS_3_MDFR_CD": 2, "HCPCS_4_MDFR_CD": 2, "HCPCS_5_MDFR_CD": 2,
        "CLM_DISP_CD": 2, **{f"CLM_DGNS_{n}_CD": 7 for n in range(1, 9)}, "DGNS_PRCDR_ICD_IND": 1,
        **{f"CLM_DGNS_{n}_CD": 7 for n in range(9, 13)}, "HCPCS_BETOS_CD": 3, "CLM_RNDRG_PRVDR_NPI_NUM": 10,
        "CLM_RFRG_PRVDR_NPI_NUM": 10, "CLM_CNTRCTR_NUM": 5,
    },
    "cms-cclf1": {
        "CUR_CLM_UNIQ_ID": 13, "PRVDR_OSCAR_NUM": 6, "BENE_MBI_ID": 11, "BENE_HIC_NUM": 11, "CLM_TYPE_CD": 2,
        "CLM_FROM_DT": 10, "CLM_THRU_DT": 10, "CLM_BILL_FAC_TYPE_CD": 1, "CLM_BILL_CLSFCTN_CD": 1,
        "PRNCPL_DGNS_CD": 7, "ADMTG_DGNS_CD": 7, "CLM_MDCR_NPMT_RSN_CD": 2, "CLM_PMT_AMT": 17,
        "CLM_NCH_PRMRY_PYR_CD": 1, "PRVDR_FAC_FIPS_ST_CD": 2, "BENE_PTNT_STUS_CD": 2, "DGNS_DRG_CD": 4,
        "CLM_OP_SRVC_TYPE_CD": 1, "FAC_PRVDR_NPI_NUM": 10, "OPRTG_PRVDR_NPI_NUM": 10, "ATNDG_PRVDR_NPI_NUM": 10,
        "OTHR_PRVDR_NPI_NUM": 10, "CLM_ADJSMT_TYPE_CD": 2, "CLM_EFCTV_DT": 10, "CLM_IDR_LD_DT": 10,
        "BENE_EQTBL_BIC_HICN_NUM": 11, "CLM_ADMSN_TYPE_CD": 2, "CLM_ADMSN_SRC_CD": 2, "CLM_BILL_FREQ_CD": 1,
        "CLM_QUERY_CD": 1, "DGNS_PRCDR_ICD_IND": 1, "CLM_MDCR_INSTNL_TOT_CHRG_AMT": 15,
    },
    "cms-cclf2": {
        "CUR_CLM_UNIQ_ID": 13, "CLM_LINE_NUM": 10, "BENE_MBI_ID": 11, "BENE_HIC_NUM": 11, "CLM_TYPE_CD": 2,
        "CLM_LINE_FROM_DT": 10, "CLM_LINE_THRU_DT": 10, "CLM_LINE_PROD_REV_CTR_CD": 4, "CLM_LINE_INSTNL_REV_CTR_DT": 10,
        "CLM_LINE_HCPCS_CD": 5, "BENE_EQTBL_BIC_HICN_NUM": 11, "PRVDR_OSCAR_NUM": 6, "CLM_FROM_DT": 10,
        "CLM_THRU_DT": 10, "CLM_LINE_SRVC_UNIT_QTY": 24, "CLM_LINE_CVRD_PD_AMT": 17, "HCPCS_1_MDFR_CD": 2,
        "HCPCS_2_MDFR_CD": 2, "HCPCS_3_MDFR_CD": 2, "HCPCS_4_MDFR_CD": 2, "HCPCS_5_MDFR_CD": 2,
        "CLM_REV_APC_HIPPS_CD": 5,
    },
}  # fmt: skip
NUMBERS = {"CLM_LINE_NUM", "CLM_LINE_CVRD_PD_AMT", "CLM_LINE_ALOWD_CHRG_AMT", "CLM_LINE_SRVC_UNIT_QTY", "CLM_PMT_AMT",
           "CLM_MDCR_INSTNL_TOT_CHRG_AMT"}  # fmt: skip


def claim(number: int, **more: str) -> dict[str, str]:
    """The fields of a record that a preset reads; amounts have signs and leading blanks."""
    return {
        "CUR_CLM_UNIQ_ID": f"{number:013}", "CLM_LINE_NUM": "1", "BENE_MBI_ID": f"1AA0AA0AA{number:02}",
        "CLM_TYPE_CD": "71", "CLM_FROM_DT": "2026-02-27", "CLM_THRU_DT": "2026-03-02", "CLM_POS_CD": "22",
        "CLM_LINE_FROM_DT": "2026-03-01", "CLM_LINE_THRU_DT": "2026-03-01", "CLM_LINE_HCPCS_CD": "0600T",
        "CLM_LINE_CVRD_PD_AMT": "80.00", "CLM_LINE_DGNS_CD": "C250", "PRNCPL_DGNS_CD": "C250",
        "RNDRG_PRVDR_NPI_NUM": "1234567893", "CLM_ADJSMT_TYPE_CD": "0", "CLM_LINE_ALOWD_CHRG_AMT": "100.00",
        "CLM_LINE_SRVC_UNIT_QTY": "1.0000", "DGNS_PRCDR_ICD_IND": "0", "CLM_BILL_FREQ_CD": "1",
        "CLM_MDCR_INSTNL_TOT_CHRG_AMT": "9400.00", "CLM_PMT_AMT": "-12.50", "FAC_PRVDR_NPI_NUM": "~",
        "CLM_LINE_PROD_REV_CTR_CD": "0360", "CLM_CNTL_NUM": f"CNTL{number}", "CLM_PRCSG_IND_CD": "A", **more,
    }  # fmt: skip


def fixed(layout: dict[str, int], row: dict[str, str]) -> str:
    return "".join(
        row.get(name, "").rjust(width) if name in NUMBERS else row.get(name, "").ljust(width)
        for name, width in layout.items()
    )


def ran(command: Command, extract: Path, mapping: object, out: Path) -> dict[str, Any]:
    assert command("run", extract, "--mapping", mapping, "--out", out, "--quiet", *UNREPORTED) == Done(0, "", "")
    return manifest(out)


def on_top(folder: Path, preset: str) -> Path:
    return write(folder / "mine.yaml", f"preset: {preset}\n{PAYER}")


CCLF = [
    claim(1), claim(2, CLM_LINE_HCPCS_CD="99213"),
    claim(3, CLM_LINE_FROM_DT="1000-01-01", CLM_LINE_THRU_DT="1000-01-01"),
    claim(4, HCPCS_5_MDFR_CD="Q1", CLM_ADJSMT_TYPE_CD="2"), claim(5, CLM_ADJSMT_TYPE_CD="1", CLM_BILL_FREQ_CD="8"),
]  # fmt: skip


@pytest.mark.parametrize("preset", LAYOUTS)
@pytest.mark.parametrize("is_fixed", first(2, [True, False]))
def test_claim_and_claim_line_feeds(command: Command, tmp_path: Path, preset: str, is_fixed: bool) -> None:
    layout, out = LAYOUTS[preset], tmp_path / "out"
    text = "".join(f"{fixed(layout, row)}\n" for row in CCLF)
    if not is_fixed:
        text = csv_text(({name: row.get(name, "") for name in layout} for row in CCLF), list(layout), delimiter="|")
    reported = ran(command, write(tmp_path / "P.A0000.ACO.ZC", text), on_top(tmp_path, preset), out)
    assert reported["inputs"][0]["format"] == ("fixed-width" if is_fixed else "delimited")
    assert (reported["counts"]["rows_read"], reported["counts"]["rows_quarantined"]) == (5, 0)
    if preset == "cms-cclf1":
        assert reported["counts"]["candidates"] == 0
        assert reported["charges"]["read"] == "47000.00"
        return
    found = decisions(out)
    reasons = {
        "cms-cclf5": ["investigational", "investigational", "trial-context", "line-superseded"],
        "cms-cclf2": ["indication-unknown", "indication-unknown", "trial-context", "indication-unknown"],
    }
    assert found["reason_code"].to_list() == reasons[preset]
    assert [str(day) for day in found["service_start_date"]] == ["2026-03-01", "2026-02-27", *["2026-03-01"] * 2]
    assert found["claim_id"].to_list() == [f"{number:013}" for number in (1, 3, 4, 5)]
    assert found["claim_line_number"].to_list() == [1] * 4
    assert set(found["units"]) == {1.0}
    assert {str(paid) for paid in found["paid_amount"]} == {"80.00"}


def test_a_line_that_was_cut_off_is_refused(command: Command, tmp_path: Path) -> None:
    rows = [fixed(LAYOUTS["cms-cclf5"], claim(number)) for number in range(1, 4)]
    rows[1] = rows[1][:200]
    ran(command, write(tmp_path / "x", "\n".join(rows) + "\n"), "cms-cclf5", tmp_path / "out")
    assert quarantine(tmp_path / "out").select("source_row", "failed_checks").rows() == [(2, ["row-wrong-length"])]
    assert set(decisions(tmp_path / "out")["reason_code"]) == {"payer-not-on-file"}


# --- CCW RIF ----------------------------------------------------------------------------------------------------------

BASE = {
    "DML_IND": "INSERT",
    "BENE_ID": "-1001",
    "CLM_ID": "-9001",
    "CLM_FROM_DT": "27-FEB-2026",
    "CLM_THRU_DT": "02-MAR-2026",
}
INSTITUTIONAL = BASE | {
    "PRVDR_NUM": "390001", "CLM_FREQ_CD": "1", "ORG_NPI_NUM": "1234567893", "OP_PHYSN_NPI": "1234567893",
    "PRNCPAL_DGNS_CD": "C220", "ADMTG_DGNS_CD": "C250", "CLM_LINE_NUM": "1", "REV_CNTR": "0360", "HCPCS_CD": "0600T",
    "REV_CNTR_UNIT_CNT": "1", "REV_CNTR_TOT_CHRG_AMT": "9400.00", "RNDRNG_PHYSN_NPI": "",
    **{f"ICD_DGNS_CD{n}": "" for n in range(1, 26)}, **{f"ICD_DGNS_VRSN_CD{n}": "" for n in range(1, 26)},
    "ICD_DGNS_CD1": "C220", "ICD_DGNS_VRSN_CD1": "0", "ICD_DGNS_CD2": "K7460", "ICD_DGNS_VRSN_CD2": "0",
}  # fmt: skip
LINE_DATED = {
    "REV_CNTR_DT": "01-MAR-2026",
    "HCPCS_1ST_MDFR_CD": "",
    "HCPCS_2ND_MDFR_CD": "",
    "REV_CNTR_PMT_AMT_AMT": "80",
}
RIF = {
    "outpatient": INSTITUTIONAL | LINE_DATED | {"REV_CNTR_IDE_NDC_UPC_NUM": ""},
    "inpatient": INSTITUTIONAL,
    "snf": INSTITUTIONAL,
    "hha": INSTITUTIONAL | LINE_DATED,
    "hospice": INSTITUTIONAL | LINE_DATED | {"HCPCS_3RD_MDFR_CD": ""},
}


@pytest.mark.parametrize("kind", first(1, RIF))
def test_institutional_rif_files(command: Command, tmp_path: Path, kind: str) -> None:
    first = RIF[kind]
    total = {"CLM_LINE_NUM": "9", "REV_CNTR": "0001", "HCPCS_CD": "", "REV_CNTR_UNIT_CNT": "0"}
    rows = [first, {**first, **total}, {**first, "CLM_ID": "-9002", "ICD_DGNS_CD25": "Z006", "CLM_LINE_NUM": "2"}]
    rows.append(
        {**first, "CLM_ID": "-9003", **({"REV_CNTR_IDE_NDC_UPC_NUM": "G123456"} if kind == "outpatient" else {})}
    )
    text = csv_text(rows, list(first), delimiter="|")
    reported = ran(
        command, write(tmp_path / f"{kind}.txt", text), on_top(tmp_path, "cms-rif-institutional"), tmp_path / "out"
    )
    assert (reported["counts"]["rows_read"], reported["counts"]["rows_quarantined"]) == (4, 0)
    found = decisions(tmp_path / "out")
    last = "trial-context" if kind == "outpatient" else "investigational"
    assert found["reason_code"].to_list() == ["investigational", "trial-context", last]
    has_device = "investigational_device_exemption_number" in reported["inputs"][0]["columns"]
    assert has_device == (kind == "outpatient")
    assert set(found["claim_type"]) == {"institutional"}
    assert str(found["service_start_date"][0]) == ("2026-03-01" if "REV_CNTR_DT" in first else "2026-02-27")
    assert found["diagnosis_codes"].to_list()[0] == ["C220", "K7460"]
    ran(command, tmp_path / f"{kind}.txt", "cms-rif-institutional", tmp_path / "medicare")
    assert set(decisions(tmp_path / "medicare")["disposition"]) == {"review"}


def test_dme_rif_files(command: Command, tmp_path: Path) -> None:
    row = BASE | {
        "ICD_DGNS_CD1": "Z006", "CLM_CLNCL_TRIL_NUM": "", "LINE_NUM": "1", "LINE_SRVC_CNT": "1",
        "LINE_PLACE_OF_SRVC_CD": "12", "LINE_1ST_EXPNS_DT": "01-MAR-2026", "LINE_LAST_EXPNS_DT": "01-MAR-2026",
        "HCPCS_CD": "0600T", "HCPCS_1ST_MDFR_CD": "", "HCPCS_2ND_MDFR_CD": "", "LINE_NCH_PMT_AMT": "80.00",
        "LINE_SBMTD_CHRG_AMT": "130.45", "LINE_ALOWD_CHRG_AMT": "100.00", "LINE_ICD_DGNS_CD": "C250",
        "LINE_ICD_DGNS_VRSN_CD": "0", "PRVDR_NPI": "1234567893", "HCPCS_3RD_MDFR_CD": "", "HCPCS_4TH_MDFR_CD": "",
    }  # fmt: skip
    rows = [
        row,
        {**row, "LINE_NUM": "2", "HCPCS_4TH_MDFR_CD": "Q0"},
        {**row, "LINE_NUM": "3", "CLM_CLNCL_TRIL_NUM": "01234567"},
    ]
    text = csv_text(rows, list(row), delimiter="|")
    ran(command, write(tmp_path / "dme.txt", text), on_top(tmp_path, "cms-rif-dme"), tmp_path / "out")
    assert decisions(tmp_path / "out")["reason_code"].to_list() == ["investigational", "trial-context", "trial-context"]


# --- Synthea ----------------------------------------------------------------------------------------------------------

SYNTHEA = [
    "ID", "CLAIMID", "CHARGEID", "PATIENTID", "TYPE", "AMOUNT", "METHOD", "FROMDATE", "TODATE", "PLACEOFSERVICE",
    "PROCEDURECODE", "MODIFIER1", "MODIFIER2", "DIAGNOSISREF1", "DIAGNOSISREF2", "DIAGNOSISREF3", "DIAGNOSISREF4",
    "UNITS", "DEPARTMENTID", "NOTES", "UNITAMOUNT", "TRANSFEROUTID", "TRANSFERTYPE", "PAYMENTS", "ADJUSTMENTS",
    "TRANSFERS", "OUTSTANDING", "APPOINTMENTID", "LINENOTE", "PATIENTINSURANCEID", "FEESCHEDULEID", "PROVIDERID",
    "SUPERVISINGPROVIDERID",
]  # fmt: skip


def test_synthea_charges_are_read_and_their_other_codes_never_edited(command: Command, tmp_path: Path) -> None:
    row = dict.fromkeys(SYNTHEA, "") | {
        "ID": "t1", "CLAIMID": "c1", "CHARGEID": "1", "PATIENTID": "p1", "TYPE": "CHARGE", "AMOUNT": "431.40",
        "FROMDATE": "2026-03-01T08:12:00Z", "TODATE": "2026-03-01T08:27:00Z", "PLACEOFSERVICE": "o1",
        "PROCEDURECODE": "185349003", "DIAGNOSISREF1": "1", "UNITS": "1",
    }  # fmt: skip
    rows = [row, {**row, "TYPE": "PAYMENT", "AMOUNT": "", "PROCEDURECODE": ""}, {**row, "TYPE": "TRANSFERIN"}]
    rows.append({**row, "CHARGEID": "2", "PROCEDURECODE": "47384"})  # an RxNorm code that looks like an HCPCS code
    extract = write(tmp_path / "claims_transactions.csv", csv_text(rows, SYNTHEA))
    reported = ran(command, extract, "synthea-claims-transactions", tmp_path / "out")["counts"]
    assert (reported["rows_read"], reported["rows_filtered"], reported["rows_quarantined"], reported["candidates"]) == (
        2,
        2,
        0,
        0,
    )
