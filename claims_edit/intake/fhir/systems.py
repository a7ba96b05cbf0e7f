"""The code systems that determine a coding's meaning, with all their names in use.

Names are compared without scheme, `www.`, version, trailing slash and case (`name_of`). Sources: HL7 Terminology and
its OIDs, CARIN Blue Button 2.2, US Core, and CMS's Beneficiary FHIR Data server (versions 1, 2 and the IDR model).
"""

from __future__ import annotations

import re
from functools import lru_cache

CMS = "bluebutton.cms.gov/"  # where CMS publishes its own code systems; no other payer uses them
PROCEDURES = frozenset({
    "ama-assn.org/go/cpt",
    "bluebutton.cms.gov/resources/codesystem/hcpcs",
    "bluebutton.cms.gov/resources/variables/hcpcs_cd",
    "cms.gov/medicare/coding/hcpcsreleasecodesets",
    "cms.gov/medicare/coding/medhcpcsgeninfo",
    "cms.gov/medicare/coding/medhcpcsgeninfo/index.html",
    "terminology.hl7.org/codesystem/hcpcs",
    "terminology.hl7.org/codesystem/hcpcs-all-codes",
    "terminology.hl7.org/codesystem/hcpcs-level-ii",
    "urn:oid:2.16.840.1.113883.6.12",  # CPT-4
    "urn:oid:2.16.840.1.113883.6.14",  # HCPCS
    "urn:oid:2.16.840.1.113883.6.285",  # HCPCS level II
})  # fmt: skip
OTHER_SERVICES = frozenset({  # what looks like a CPT code there, digits alone or behind a D, is none
    "ada.org/cdt",
    "snomed.info/sct",
    "hl7.org/fhir/sid/ndc",
    "hl7.org/fhir/sid/cvx",
    "hl7.org/fhir/sid/icd-9-cm",
    "hl7.org/fhir/sid/icd-10",
    "hl7.org/fhir/sid/icd-10-pcs",
    "cms.gov/medicare/coding/icd10",
    "nlm.nih.gov/research/umls/rxnorm",
    "www.nlm.nih.gov/research/umls/rxnorm",
    "loinc.org",
    "nubc.org/codesystem/revenuecodes",
    "urn:oid:2.16.840.1.113883.6.96",
    "urn:oid:2.16.840.1.113883.6.88",
    "urn:oid:2.16.840.1.113883.6.69",
    "urn:oid:2.16.840.1.113883.12.292",
})  # fmt: skip
ICD_10_PCS = frozenset({
    "hl7.org/fhir/sid/icd-10-pcs",
    "cms.gov/medicare/coding/icd10",
    "urn:oid:2.16.840.1.113883.6.4",
})  # fmt: skip
ICD_10_CM = frozenset({"hl7.org/fhir/sid/icd-10-cm", "urn:oid:2.16.840.1.113883.6.90"})
ICD_10 = frozenset({"hl7.org/fhir/sid/icd-10", "urn:oid:2.16.840.1.113883.6.3"})  # STU3 senders mean ICD-10-CM
ICD_9_CM = frozenset({
    "hl7.org/fhir/sid/icd-9-cm",
    "hl7.org/fhir/sid/icd-9-cm/diagnosis",
    "terminology.hl7.org/codesystem/icd-9cm-diagnosiscodes",
    "urn:oid:2.16.840.1.113883.6.103",
    "urn:oid:2.16.840.1.113883.6.2",
})  # fmt: skip
PLACES_OF_SERVICE = frozenset({
    "cms.gov/medicare/coding/place-of-service-codes/place_of_service_code_set",
    "bluebutton.cms.gov/resources/variables/line_place_of_srvc_cd",
    "terminology.hl7.org/codesystem/ex-serviceplace",
    "hl7.org/fhir/ex-serviceplace",
    "urn:oid:2.16.840.1.113883.6.50",
})  # fmt: skip
REVENUE_CENTERS = frozenset({
    "nubc.org/codesystem/revenuecodes",
    "bluebutton.cms.gov/resources/variables/rev_cntr",
    "bluebutton.cms.gov/fhir/codesystem/clm-rev-cntr-cd",
    "terminology.hl7.org/codesystem/ahanubcrevenuecodes",
    "urn:oid:2.16.840.1.113883.13.18",
    "urn:oid:2.16.840.1.113883.6.301.3",
})  # fmt: skip
TYPES_OF_BILL = frozenset({
    "nubc.org/codesystem/typeofbill",
    "terminology.hl7.org/codesystem/ahanubctypeofbill",
    "urn:oid:2.16.840.1.113883.18.290",
    "urn:oid:2.16.840.1.113883.6.301.1",
})  # fmt: skip
BILL_FACILITIES = frozenset({
    "bluebutton.cms.gov/resources/variables/clm_fac_type_cd",
    "bluebutton.cms.gov/fhir/codesystem/clm-bill-fac-type-cd",
})  # fmt: skip
BILL_CLASSES = frozenset({
    "bluebutton.cms.gov/resources/variables/clm_srvc_clsfctn_type_cd",
    "bluebutton.cms.gov/fhir/codesystem/clm-bill-clsfctn-cd",
})  # fmt: skip
BILL_FREQUENCIES = frozenset({
    "bluebutton.cms.gov/resources/variables/clm_freq_cd",
    "bluebutton.cms.gov/fhir/codesystem/clm-bill-freq-cd",
})  # fmt: skip
NO_CODE = "terminology.hl7.org/codesystem/data-absent-reason"
NPI = frozenset({"hl7.org/fhir/sid/us-npi", "urn:oid:2.16.840.1.113883.4.6"})
NPI_TYPES = frozenset({"NPI", "npi"})

_DECORATION = re.compile(r"^https?://(www[.])?|/*([|].*)?$")


@lru_cache(4096)
def name_of(system: str | None) -> str:
    """A code system's name without what senders write in different ways; empty where a coding has none."""
    return _DECORATION.sub("", system.strip().lower()) if system else ""


@lru_cache(4096)
def variable_of(name: str) -> str:
    """The last part of a name or URL, as CMS writes its variables: `clm_id`, whether `…/clm_id` or `…/CLM-ID`."""
    return name.rsplit("/", 1)[-1].replace("-", "_").lower()
