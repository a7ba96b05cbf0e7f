# ruff: noqa: INP001 -- a script beside the files that it writes, not a package
"""Writes the sample deck: claims (CSV, Parquet, 837, FHIR), contracts, a damaged file, and what runs must make of them.

`python -m sample_claims.make [FOLDER]` from the repository's root. The expected files come from the naive reading of
the decision table in `tests/lib/oracle.py`, not from the program, and were read line by line against the documents.
Every person, claim, group and provider is invented.
"""

from __future__ import annotations

import csv
import sys
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from sample_claims import claims_837, claims_fhir
from tests.lib.oracle import CODES, canonical, check_line, day_of, decide_line, repeated_keys

HERE = Path(__file__).resolve().parent
AS_OF = date(2026, 11, 20)

COLUMNS = (
    "claim_id", "claim_line_number", "claim_type", "member_id", "payer", "group_id", "line_of_business",
    "claim_filing_indicator_code", "claim_line_start_date", "claim_line_end_date", "claim_start_date",
    "claim_end_date", "place_of_service_code", "hcpcs_code", "hcpcs_modifier_1", "hcpcs_modifier_2",
    "diagnosis_code_type", "diagnosis_code_1", "diagnosis_code_2", "diagnosis_code_3", "service_unit_quantity",
    "charge_amount", "paid_amount", "rendering_npi", "billing_npi", "claim_frequency_code", "original_claim_id",
    "clinical_trial_number", "condition_codes", "value_codes", "investigational_device_exemption_number",
    "prior_authorization_number", "plan",
)  # fmt: skip
SHORT = {  # how the tables below name a column in their last column
    "line": "claim_line_number",
    "type": "claim_type",
    "member": "member_id",
    "group": "group_id",
    "sbr09": "claim_filing_indicator_code",
    "end": "claim_line_end_date",
    "claim_start": "claim_start_date",
    "claim_end": "claim_end_date",
    "pos": "place_of_service_code",
    "mod1": "hcpcs_modifier_1",
    "mod2": "hcpcs_modifier_2",
    "dx_type": "diagnosis_code_type",
    "dx2": "diagnosis_code_2",
    "dx3": "diagnosis_code_3",
    "units": "service_unit_quantity",
    "charge": "charge_amount",
    "npi": "rendering_npi",
    "frequency": "claim_frequency_code",
    "original": "original_claim_id",
    "trial": "clinical_trial_number",
    "conditions": "condition_codes",
    "values": "value_codes",
    "device": "investigational_device_exemption_number",
    "authorization": "prior_authorization_number",
    "plan": "plan",
}
DEFAULTS = {
    "claim_line_number": "1",
    "claim_type": "professional",
    "place_of_service_code": "22",
    "service_unit_quantity": "1",
    "paid_amount": "0.00",
    "rendering_npi": "1902000110",
    "billing_npi": "1902000227",
    "claim_frequency_code": "1",
}

# claim id | payer | line of business | start | code | first diagnosis | the rest
EDITS_IN_ORDER = """
EX-01-REPLACED                | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 |
EX-01-REPLACEMENT             | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | frequency=7 original=EX-01-REPLACED
EX-01-VOIDED                  | Regence BlueShield | commercial   | 2026-02-03 | 0601T | C25.1 |
EX-01-VOID                    | Regence            | commercial   | 2026-02-03 | 0601T | C25.1 | frequency=8 original=EX-01-VOIDED charge=-9400.00
EX-01-SAME-ID                 | Premera            | commercial   | 2022-03-07 | 0601T | C25.1 |
EX-01-SAME-ID                 | Premera            | commercial   | 2022-03-07 | 0601T | C25.1 | frequency=7
EX-01-REPLACED-WITHOUT-IRE    | Florida Blue       | commercial   | 2024-03-05 | 0600T | C25.1 |
EX-01-REPLACEMENT-WITHOUT-IRE | Florida Blue       | commercial   | 2024-03-05 | 99213 | C25.1 | frequency=7 original=EX-01-REPLACED-WITHOUT-IRE
EX-01-OTHER-PAYER             | Florida Blue       | commercial   | 2024-03-06 | 0600T | C25.1 |
EX-01-OTHER-PAYER             | Premera            | commercial   | 2022-03-06 | 99213 | C25.1 | frequency=8
EX-02-UNLISTED-OUT-OF-SCOPE   | Florida Blue       | commercial   | 2024-03-04 | 47399 | C22.0 |
EX-02-UNLISTED-NO-PAYER       | Cascade Mutual     | commercial   | 2024-03-04 | 48999 | C25.1 |
EX-03-CODE-NOT-VALID-YET      | Premera Blue Cross | commercial   | 2020-06-30 | 0600T | C25.1 |
EX-03-NEW-CODE-NOT-VALID-YET  | Regence            | commercial   | 2025-12-31 | 47384 | C22.0 |
EX-04-PAYER-NOT-ON-FILE       | Cascade Mutual     | commercial   | 2024-03-04 | 0600T | C25.1 |
EX-05-SPANS-CODE-VALIDITY     | Florida Blue       | commercial   | 2025-12-31 | 47384 | C22.0 | end=2026-01-02
EX-05-SPANS-VERSIONS          | Premera            | commercial   | 2020-06-30 | 48999 | C25.1 | end=2020-07-01
EX-05-SPANS-FIRST-DAY         | Regence            | commercial   | 2025-12-31 | 0601T | C25.1 | end=2026-01-01
EX-06-POLICY-NOT-IN-FORCE     | Regence            | commercial   | 2025-12-31 | 0601T | C25.1 |
EX-07-GUIDANCE-ONLY           | NHS England        | NHS          | 2024-03-04 | 0600T | C78.7 |
EX-08-PROGRAM-CONFLICT        | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | sbr09=FI
EX-08-CONFLICT-MEMBER-ID      | Premera            | commercial   | 2022-03-07 | 0600T | C25.1 | member=R10020030
EX-09-PROGRAM-UNKNOWN         | Florida Blue       |              | 2024-03-04 | 0600T | C25.1 | sbr09=BL
EX-09-UNKNOWN-SPELLING        | Florida Blue       | Zebra Gold   | 2024-03-04 | 0600T | C25.1 |
EX-10-FEP-REFERRED            | Florida Blue       | FEP          | 2024-03-04 | 0600T | C25.1 | sbr09=FI member=R10020030
EX-10-SAO-REFERRED            | Florida Blue       | SAO          | 2024-03-04 | 0600T | C25.1 |
EX-10-MA-REFERRED             | Premera            | MAPD         | 2022-03-07 | 0600T | C25.1 | sbr09=16
EX-11-MA-REVIEWED             | Florida Blue       | MA           | 2024-03-04 | 0600T | C25.1 |
EX-12-PROGRAM-SILENT          | Regence            | FEP          | 2026-03-02 | 0601T | C25.1 |
EX-13-CONTRACT-COVERS         | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | group=G-COVERED
EX-13-CONTRACT-ENDED          | Florida Blue       | commercial   | 2025-01-01 | 0600T | C25.1 | group=G-COVERED
EX-13-CONTRACT-OTHER-PAYER    | Premera            | commercial   | 2022-03-07 | 0600T | C25.1 | group=G-COVERED
EX-14-CONTRACT-REVIEW         | Regence            | marketplace  | 2026-03-02 | 0601T | C25.1 | group=G-ASK
EX-15-CONTRACT-EXCLUDES       | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | group=G-EXCLUDED
EX-15-EXCLUDES-NO-GROUP-CODE  | Regence            | commercial   | 2026-03-02 | 0601T | C25.1 | group=G-EXCLUDED
EX-15-EXCLUDES-BUT-MA         | Florida Blue       | MA           | 2024-03-04 | 0600T | C25.1 | group=G-EXCLUDED
EX-16-UNLISTED-CODE           | Premera            | commercial   | 2020-03-02 | 48999 | C25.1 |
EX-17-CODE-NOT-LISTED         | Florida Blue       | commercial   | 2026-02-02 | 47384 | C22.0 |
EX-18-TRIAL-MODIFIER          | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | mod1=26 mod2=Q0
EX-18-TRIAL-DIAGNOSIS         | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | dx2=Z00.6
EX-18-TRIAL-NUMBER            | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | trial=00000017
EX-18-TRIAL-CONDITION         | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | type=institutional conditions=A6;30
EX-18-TRIAL-ALL               | Regence            | commercial   | 2026-03-02 | 0601T | C25.1 | mod1=Q1 mod2=Q0 dx3=Z006 trial=00000017 conditions=30
EX-18-NO-TRIAL                | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | type=institutional conditions=31
EX-19-INDICATION-UNKNOWN      | Regence            | commercial   | 2026-03-02 | 0601T |       |
EX-19-ICD-9-ONLY              | Regence            | commercial   | 2026-03-02 | 0601T | 157.1 | dx_type=icd-9-cm
EX-20-INDICATION-NOT-SOLID    | Regence            | commercial   | 2026-03-02 | 0601T | K75.81 | dx2=D37.6
EX-21-INVESTIGATIONAL-REGENCE | Regence            | commercial   | 2026-03-02 | 47384 | C22.0 |
EX-21-INVESTIGATIONAL-FLORIDA | Florida Blue       | commercial   | 2024-03-04 | 0601T | C25.1 |
EX-21-INVESTIGATIONAL-PREMERA | Premera            | marketplace  | 2022-03-07 | 0600T | C64.1 |
EX-21-NO-DIAGNOSIS-NEEDED     | Premera            | commercial   | 2022-03-07 | 0600T |       |
EX-21-FIRST-SOLID-COUNTS      | Regence            | commercial   | 2026-03-02 | 55877 | I10   | dx2=C61
"""  # noqa: E501 -- a table

BOUNDARY_DAYS = """
DAY-FLORIDA-BEFORE-2016       | Florida Blue       | commercial   | 2016-02-14 | 0600T | C25.1 |
DAY-FLORIDA-FIRST-2016        | Florida Blue       | commercial   | 2016-02-15 | 0600T | C25.1 |
DAY-FLORIDA-BEFORE-CODES      | Florida Blue       | commercial   | 2020-06-30 | 0601T | C25.1 |
DAY-FLORIDA-CODES             | Florida Blue       | commercial   | 2020-07-01 | 0601T | C25.1 |
DAY-FLORIDA-CODES-AND-NEXT    | Florida Blue       | commercial   | 2020-07-01 | 0601T | C25.1 | end=2020-07-02
DAY-FLORIDA-LAST-FRESH        | Florida Blue       | commercial   | 2025-05-23 | 0601T | C25.1 |
DAY-FLORIDA-FIRST-STALE       | Florida Blue       | commercial   | 2025-05-24 | 0601T | C25.1 |
DAY-PREMERA-BEFORE-2020       | Premera            | commercial   | 2020-01-02 | 48999 | C25.1 |
DAY-PREMERA-FIRST-2020        | Premera            | commercial   | 2020-01-03 | 48999 | C25.1 |
DAY-PREMERA-INTO-FIRST        | Premera            | commercial   | 2020-01-02 | 48999 | C25.1 | end=2020-01-03
DAY-PREMERA-LAST-UNLISTED     | Premera            | commercial   | 2020-06-30 | 48999 | C25.1 |
DAY-PREMERA-UNLISTED-REMOVED  | Premera            | commercial   | 2020-07-01 | 48999 | C25.1 |
DAY-PREMERA-BEFORE-CODES      | Premera            | commercial   | 2020-06-30 | 0601T | C25.1 |
DAY-PREMERA-CODES             | Premera            | commercial   | 2020-07-01 | 0601T | C25.1 |
DAY-PREMERA-LAST-FRESH        | Premera            | commercial   | 2023-09-26 | 0601T | C25.1 |
DAY-PREMERA-FIRST-STALE       | Premera            | commercial   | 2023-09-27 | 0601T | C25.1 |
DAY-REGENCE-BEFORE-2026       | Regence            | commercial   | 2025-12-31 | 0600T | C25.1 |
DAY-REGENCE-FIRST-2026        | Regence            | commercial   | 2026-01-01 | 0600T | C25.1 |
DAY-LIVER-CODE-BEFORE         | Florida Blue       | commercial   | 2025-12-31 | 47384 | C22.0 |
DAY-LIVER-CODE-FIRST          | Florida Blue       | commercial   | 2026-01-01 | 47384 | C22.0 |
DAY-PROSTATE-CODE-BEFORE      | Regence            | commercial   | 2025-12-31 | 55877 | C61   |
DAY-PROSTATE-CODE-FIRST       | Regence            | commercial   | 2026-01-01 | 55877 | C61   |
DAY-NHS-BEFORE-GUIDANCE       | NHS England        | NHS          | 2013-12-30 | 0600T | C78.7 |
DAY-NHS-GUIDANCE              | NHS England        | NHS          | 2013-12-31 | 0600T | C78.7 |
DAY-AS-OF                     | Regence            | commercial   | 2026-11-20 | 0601T | C25.1 |
"""

NOTES = """
NOTE-SITE-LIVER-BEFORE-2026   | Florida Blue       | commercial   | 2025-12-31 | 0600T | C22.0 |
NOTE-SITE-LIVER               | Florida Blue       | commercial   | 2026-01-01 | 0600T | C22.0 |
NOTE-SITE-LIVER-AND-PROSTATE  | Regence            | commercial   | 2026-03-02 | 0600T | C78.7 | dx2=C61
NOTE-SITE-LIVER-AND-PANCREAS  | Regence            | commercial   | 2026-03-02 | 0600T | C78.7 | dx2=C25.1
NOTE-SITE-OPEN-LIVER          | Regence            | commercial   | 2026-03-02 | 0601T | C22.0 |
NOTE-SITE-LIVER-CODE-PANCREAS | Regence            | commercial   | 2026-03-02 | 47384 | C25.1 |
NOTE-SITE-PROSTATE-CODE-LIVER | Regence            | commercial   | 2026-03-02 | 55877 | C22.0 |
NOTE-SITE-NO-SOLID-TUMOR      | Regence            | commercial   | 2026-03-02 | 47384 | K75.81 |
NOTE-GUIDANCE-LUNG            | Florida Blue       | commercial   | 2024-03-04 | 0600T | C78.02 |
NOTE-GUIDANCE-NONE-ON-BREAST  | Florida Blue       | commercial   | 2024-03-04 | 0600T | C50.911 |
NOTE-STALE                    | Premera            | commercial   | 2024-03-04 | 0600T | C25.1 |
"""

AS_EXTRACTS_WRITE_IT = """
FORM-LOWER-CASE               | florida blue       | Commercial   | 2024-03-04 | 0600t | c25.1 |
FORM-PAYER-SPELLING           | Blue-Cross and Blue Shield of FLORIDA | commercial | 2024-03-04 | 0600T | C25.1 |
FORM-PAYER-ABBREVIATED        | BCBSFL             | commercial   | 2024-03-04 | 0600T | C251  |
FORM-COMPACT-DATE             | Florida Blue       | commercial   | 20240304   | 0600T | C25.1 |
FORM-CLAIM-DATES              | Regence BlueShield | Exchange     |            | 0601T | C25.1 | type=institutional claim_start=2026-03-02 claim_end=2026-03-04
FORM-DIAGNOSIS-GAP            | Regence BlueShield | QHP          | 2026-03-02 | 0601T |       | dx3=C25.1
FORM-NO-PROCEDURE             | Florida Blue       | commercial   | 2024-03-04 |       | C25.1 | type=institutional
FORM-PROCEDURE-ZERO           | Florida Blue       | commercial   | 2024-03-04 | 0     | C25.1 | type=institutional
FORM-OTHER-LINE               | Florida Blue       | commercial   | 2024-03-04 | 99213 | C25.1 |
FORM-TWO-LINES                | Florida Blue       | commercial   | 2024-03-04 | 99213 | C25.1 |
FORM-TWO-LINES                | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | line=2
FORM-REVERSAL                 | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | charge=-9400.00
FORM-NO-CHARGE                | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | charge=
WARN-NPI-CHECK-DIGIT          | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | npi=1902000111
WARN-ZERO-UNITS               | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | units=0
WARN-LINE-OF-BUSINESS         | Florida Blue       | Zebra Gold   | 2024-03-04 | 0600T | C25.1 | sbr09=16
"""  # noqa: E501 -- a table

MAY_SAVE_A_LINE = """
SAVE-AUTHORIZED               | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | authorization=PA-0017
SAVE-AUTHORIZED-EXCLUDED      | Regence            | commercial   | 2026-03-02 | 0601T | C25.1 | authorization=PA-0018 group=G-EXCLUDED
SAVE-AUTHORIZED-FEP           | Florida Blue       | FEP          | 2024-03-04 | 0600T | C25.1 | authorization=PA-0019
SAVE-GALLSTONES-EXCLUDED      | Premera            | commercial   | 2020-03-02 | 47399 | K80.20 | group=G-EXCLUDED
SAVE-TRIAL-EXCLUDED           | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | mod1=Q1 group=G-EXCLUDED
SAVE-DEVICE-EXEMPTION         | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | device=G123456
SAVE-VALUE-CODE               | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | type=institutional values=80;D4
SAVE-TRICARE                  | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | sbr09=CH
SAVE-PLAN-OF-FEP              | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | plan=FEP-Blue-Focus
SAVE-PLAN-WITH-MEDICARE       | Premera            | commercial   | 2022-03-07 | 0600T | C25.1 | plan=BlueMedicare-Classic
SAVE-PLAN-OF-NONE             | Premera            | commercial   | 2022-03-07 | 0600T | C25.1 | plan=Gold-1500
SAVE-FEP-SUFFIX               | Premera            | commercial   | 2022-03-07 | 0600T | C25.1 | member=R10020030-01
SAVE-BONE-MARROW              | Regence            | commercial   | 2026-03-02 | 0601T | C79.52 |
SAVE-TRANSPLANT-LYMPHOMA      | Regence            | commercial   | 2026-03-02 | 0601T | C80.2 | dx2=C83.30
"""  # noqa: E501 -- a table

REFUSED = """
                              | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 |
BAD-LINE-NUMBER-WORD          | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | line=two
BAD-LINE-NUMBER-ZERO          | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | line=0
BAD-LINE-NUMBER-MISSING       | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | line=
BAD-CLAIM-TYPE                | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | type=dental
BAD-MEMBER-MISSING            | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | member=
BAD-PAYER-MISSING             |                    | commercial   | 2024-03-04 | 0600T | C25.1 |
BAD-DATE-MISSING              | Florida Blue       | commercial   |            | 0600T | C25.1 |
BAD-DATE                      | Florida Blue       | commercial   | 2024-02-30 | 0600T | C25.1 |
BAD-DATE-AFTER-AS-OF          | Regence            | commercial   | 2026-11-21 | 0601T | C25.1 |
BAD-END-BEFORE-START          | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | end=2024-03-03
BAD-PROCEDURE                 | Florida Blue       | commercial   | 2024-03-04 | 0600  | C25.1 |
BAD-MODIFIER                  | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | mod1=Q
BAD-DIAGNOSIS                 | Florida Blue       | commercial   | 2024-03-04 | 0600T | ??    |
BAD-DIAGNOSIS-ICD-9           | Florida Blue       | commercial   | 2024-03-04 | 0600T | 157.1 |
BAD-DIAGNOSIS-TYPE            | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | dx_type=icd-o
BAD-PLACE-OF-SERVICE          | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | pos=2
BAD-UNITS                     | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | units=one
BAD-CHARGE                    | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 | charge=9,400.00
BAD-DATE-SENTINEL             | Florida Blue       | commercial   | 1900-01-01 | 0600T | C25.1 |
BAD-TWO-FAULTS                | Florida Blue       | commercial   | 2024-03-04 | 0600  | C25.1 | mod1=Q
BAD-NOT-A-CANDIDATE           | Florida Blue       | commercial   | 2024-03-04 | 99213 | ??    |
BAD-REPEATED                  | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 |
BAD-REPEATED                  | Florida Blue       | commercial   | 2024-03-05 | 0601T | C25.1 |
BAD-REPEATED-AFTER-BAD        | Florida Blue       | commercial   | 2024-03-04 | 0600T | ??    |
BAD-REPEATED-AFTER-BAD        | Florida Blue       | commercial   | 2024-03-04 | 0600T | C25.1 |
"""

MATRIX_PAYERS = {
    "Regence": "2026-03-02",
    "Florida Blue": "2024-03-04",
    "Premera": "2022-03-07",
    "NHS England": "2024-03-04",
}
MATRIX_PROGRAMS = (
    "commercial", "marketplace", "medicaid", "medicare_advantage", "medicare_ffs", "fep", "state_account", "nhs",
)  # fmt: skip

CONTRACTS = """
payer,group_id,effective_date,end_date,coverage,group_code,citation
florida_blue,G-COVERED,2023-01-01,2024-12-31,covered,,Sample contract A section 4
regence,G-ASK,2026-01-01,,review,,Sample contract B section 2
florida_blue,G-EXCLUDED,2023-01-01,,excluded,PR,Sample contract C section 9
regence,G-EXCLUDED,2026-01-01,,excluded,,Sample contract D section 9
premera,G-EXCLUDED,2020-01-01,,excluded,,Sample contract E section 9
"""

DAMAGED = (  # header and good lines come from the deck's columns; these lines break the table
    "DAMAGED-SHORT,1,professional",
    "DAMAGED-LONG" + "," * (len(COLUMNS) + 4) + "beyond the last column",
    'DAMAGED-QUOTES,1,professional,"M10"0200300' + "," * (len(COLUMNS) - 4),
    "DAMAGED-ENCODING,1,professional,M10\xe9200300" + "," * (len(COLUMNS) - 4),
)
EXPECTED_COLUMNS = (
    "source_row", "claim_id", "claim_line_number", "disposition", "reason_code", "edits", "payer", "program",
    "program_basis", "site_class", "group_code", "liability_basis", "carc", "rarcs", "adjustment_amount",
    "policy_version", "policy_stale", "trial_evidence",
)  # fmt: skip
LISTS = {"edits", "rarcs"}
OTHER_FORMATS = {"claims.837": claims_837, "claims-fhir.ndjson": claims_fhir}
QUARANTINE_COLUMNS = ("source_file", "source_row", "claim_id", "failed_checks")


def rows_of(table: str) -> list[dict[str, str]]:
    """The rows of one table, with the deck's defaults where the table is silent."""
    rows: list[dict[str, str]] = []
    members: dict[str, str] = {}  # of a claim, and of what replaces or voids it
    for line in table.strip("\n").splitlines():
        claim_id, payer, line_of_business, start, code, diagnosis, rest = (cell.strip() for cell in line.split("|"))
        number = len(rows)
        given = {SHORT[name]: value for name, value in (pair.split("=") for pair in rest.split())}
        near = (members[each] for each in (claim_id, given.get("original_claim_id")) if each and each in members)
        members[claim_id] = next(near, f"M10020{number:03}")
        row = dict.fromkeys(COLUMNS, "") | DEFAULTS
        row |= {
            "claim_id": claim_id,
            "payer": payer,
            "member_id": members[claim_id],
            "line_of_business": line_of_business,
            "claim_line_start_date": start,
            "hcpcs_code": code,
            "diagnosis_code_1": diagnosis,
            "charge_amount": f"{9400 + 25 * number}.00",
        }
        rows.append(row | given)
    return rows


def matrix() -> str:
    """Every payer under every program, on a day on which its policy is in force and not past its review."""
    cells = []
    for payer, day in MATRIX_PAYERS.items():
        for program in MATRIX_PROGRAMS:
            claim_id = f"CELL-{payer}-{program}".upper().replace(" ", "-").replace("_", "-")
            cells.append(f"{claim_id}|{payer}|{program}|{day}|0601T|C25.1|")
    return "\n".join(cells)


def deck() -> list[dict[str, str]]:
    """All rows of the deck in order."""
    tables = (EDITS_IN_ORDER, matrix(), BOUNDARY_DAYS, NOTES, AS_EXTRACTS_WRITE_IT, REFUSED, MAY_SAVE_A_LINE)
    return [row for table in tables for row in rows_of(table)]


def contracts() -> list[dict[str, Any]]:
    """The contracts, with dates as dates and empty cells as None."""
    rows = csv.DictReader(CONTRACTS.strip().splitlines())
    filled = [{name: value or None for name, value in row.items()} for row in rows]
    dates = ("effective_date", "end_date")
    return [row | {name: day_of(row[name]) if row[name] else None for name in dates} for row in filled]


def refused(rows: list[dict[str, str]]) -> dict[int, set[str]]:
    """Position of each row that must be quarantined -> the columns that failed (`duplicate` for a repeated key)."""
    faults = faults_of(rows)
    for position in repeats(rows):
        faults[position].add("duplicate")
    return {position: columns for position, columns in faults.items() if columns}


def faults_of(rows: list[dict[str, str]]) -> dict[int, set[str]]:
    """Position of each row -> the columns that fail by themselves."""
    return {position: {column for column, _ in check_line(row, AS_OF)} for position, row in enumerate(rows)}


def repeats(rows: list[dict[str, str]]) -> dict[int, int]:
    """Position of each row that repeats a line -> that of the row that stays: an accepted one, else the first."""
    faults = faults_of(rows)
    order = sorted(faults, key=lambda position: (bool(faults[position]), position))
    found = repeated_keys([rows[position] for position in order])
    return {order[position]: order[first] for position, first in found.items()}


def decisions(rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """The expected decision on every accepted candidate line."""
    kept = {position: canonical(row) for position, row in enumerate(rows) if position not in refused(rows)}
    for position in set(repeats(rows).values()) & set(kept):
        kept[position]["doubts"] = "repeated-line-differs@row"  # no two rows of the deck have the same charge
    found = []
    for position, line in kept.items():
        if line["hcpcs_code"] not in CODES:
            continue
        decision = decide_line(line, list(kept.values()), contracts())
        shown = {name: "|".join(decision[name]) if name in LISTS else decision.get(name) for name in EXPECTED_COLUMNS}
        found.append(
            shown
            | {
                "source_row": position + 1,
                "claim_id": line["claim_id"],
                "claim_line_number": line["claim_line_number"],
                "policy_stale": str(decision["policy_stale"]).lower(),
            }
        )
    return found


def other_formats() -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """The expected decisions, and the refused rows, of a run over the 837 and the FHIR file together."""
    rows, places, quarantine = [], [], []
    for name, made in sorted(OTHER_FORMATS.items()):
        found = made.places()
        facts = rows_of(made.FACTS)
        rows += facts
        places += [{"source_file": f"sample_claims/{name}"} | place for place in found]
        quarantine += [{"source_file": f"sample_claims/{name}"} | row for row in made.refused()]
    decided = [
        places[decision["source_row"] - 1] | {name: value for name, value in decision.items() if name != "source_row"}
        for decision in decisions(rows)
    ]
    return decided, quarantine


def write_csv(path: Path, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_damaged(path: Path, good: list[dict[str, str]]) -> None:
    """Good rows before, between and after lines that are too short, too long, badly quoted and not UTF-8."""
    write_csv(path, COLUMNS, good)
    header, first, second, third = path.read_text(encoding="utf-8").splitlines()
    lines = [header, first, DAMAGED[0], DAMAGED[1], second, DAMAGED[2], DAMAGED[3], third]
    path.write_text("\n".join(lines) + "\n", encoding="latin-1", newline="")


def write(folder: Path) -> None:
    """Write every file of the deck into `folder`."""
    rows = deck()
    write_csv(folder / "claims.csv", COLUMNS, rows)
    text = {column: [row[column] or None for row in rows] for column in COLUMNS}
    pl.DataFrame(text, schema=dict.fromkeys(COLUMNS, pl.String)).write_parquet(folder / "claims.parquet")
    (folder / "contracts.csv").write_text(CONTRACTS.lstrip(), encoding="utf-8", newline="")
    for name, made in OTHER_FORMATS.items():
        (folder / name).write_text(made.text(), encoding="utf-8", newline="")
    decided, set_aside = other_formats()
    columns = ("source_file", *EXPECTED_COLUMNS)
    write_csv(folder / "expected_decisions_837_fhir.csv", columns, decided)
    write_csv(folder / "expected_quarantine_837_fhir.csv", QUARANTINE_COLUMNS, set_aside)
    by_id = {row["claim_id"]: row for row in rows}
    write_damaged(
        folder / "damaged.csv",
        [by_id[name] for name in ("EX-21-INVESTIGATIONAL-FLORIDA", "FORM-OTHER-LINE", "EX-11-MA-REVIEWED")],
    )
    write_csv(folder / "expected_decisions.csv", EXPECTED_COLUMNS, decisions(rows))
    quarantine = [
        {"source_row": place + 1, "claim_id": rows[place]["claim_id"], "failed_columns": "|".join(sorted(columns))}
        for place, columns in refused(rows).items()
    ]
    write_csv(folder / "expected_quarantine.csv", ("source_row", "claim_id", "failed_columns"), quarantine)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if sys.argv[1:] else HERE)
