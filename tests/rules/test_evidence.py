"""The studies that the documents summarize: none is missing, and each has the document's design, size and figures."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from claims_edit.policy import load_catalog
from tests.lib.documents import DOCUMENTS, FACTS, figures, numbers

if TYPE_CHECKING:
    from claims_edit.policy.pack import EvidenceFile, SiteConclusion

PACK = load_catalog().pack
FILES = {file.summarises: file for file in PACK.evidence.values()}
REGENCE, FLORIDA, PREMERA = "regence_surgery_242", "florida_blue_02_40000_26", "premera_ire"
OVERVIEW, IPG445 = "nice_ip1019_2", "nice_ipg445"
STUDIES = {(file.summarises, study.id): study for file in FILES.values() for study in file.studies}
LIVER = {"liver_primary", "liver_metastasis"}


def test_each_document_is_summarized_once() -> None:
    assert set(FILES) == set(DOCUMENTS) == {REGENCE, FLORIDA, PREMERA, OVERVIEW, IPG445}
    assert len(FILES) == len(PACK.evidence)


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_a_file_cites_the_document_that_it_summarizes(file: EvidenceFile) -> None:
    cited = [file.cite, *(entry.cite for entry in file.by_site), *(study.cite for study in file.studies)]
    assert {cite.document for cite in cited} == {file.summarises}


@pytest.mark.parametrize(
    ("document", "sites"),
    [
        (REGENCE, {"liver_primary": 4, "liver_metastasis": 1, "pancreas": 4, "kidney": 3, "lung": 2, "prostate": 3}),
        (FLORIDA, {"liver_primary": 1, "liver_metastasis": 1, "pancreas": 1}),
        (PREMERA, {"liver_primary": 3, "liver_metastasis": 3, "pancreas": 4, "kidney": 3, "lung": 2, "prostate": 5}),
        (OVERVIEW, {"liver_primary": 45, "liver_metastasis": 27, "pancreas": 3, "other_solid": 3}),
        (IPG445, {"liver_primary": 4, "liver_metastasis": 7, "kidney": 2, "lung": 2, "other_solid": 1}),
    ],
)
def test_studies_by_site(document: str, sites: dict[str, int]) -> None:
    assert Counter(site for study in FILES[document].studies for site in study.site_classes) == sites


def test_every_site_of_a_solid_tumor_has_evidence() -> None:
    spoken_of = {site for study in STUDIES.values() for site in study.site_classes}
    assert spoken_of == set(PACK.tumor_sites.site_classes) - {"not_solid"}


def test_conclusions_by_site() -> None:
    by_site = {name: [set(entry.site_classes) for entry in file.by_site] for name, file in FILES.items()}
    assert by_site == {
        REGENCE: [LIVER, {"pancreas"}, {"kidney"}, {"lung"}, {"prostate"}],
        PREMERA: [LIVER | {"pancreas"}, {"prostate"}, {"kidney"}, {"lung"}],
        FLORIDA: [],
        OVERVIEW: [],  # both are about one site
        IPG445: [],
    }


@pytest.mark.parametrize("document", [REGENCE, PREMERA])
def test_every_site_with_studies_has_a_conclusion_where_the_document_concludes_by_site(document: str) -> None:
    file = FILES[document]
    concluded = {site for entry in file.by_site for site in entry.site_classes}
    assert concluded == {site for study in file.studies for site in study.site_classes}


@pytest.mark.parametrize(
    ("document", "name", "sites", "n", "follow_up", "figure"),
    [
        (REGENCE, "wade_2023", {"liver_primary"}, None, "Not reported for IRE", "one non-randomized IRE study with 21"),
        (REGENCE, "blaise_2021", {"liver_primary"}, 44, "Not given", "16 months (95% CI 13 to 24) with ablation, 14"),
        (REGENCE, "cannon_2013", LIVER, 44, "up to 12 months", "97% at 3, 95% at 6 and 60% at 12 months"),
        (REGENCE, "charalambous_2020", {"pancreas"}, 460, "3 to 29 months", "14% to 53%"),
        (REGENCE, "holland_2019", {"pancreas"}, 152, "Median 19 months", "27 months to progression, 23 months"),
        (REGENCE, "ruarus_2020", {"pancreas"}, 50, "Not given", "Complications in 58% (29 participants)"),
        (REGENCE, "martin_2024", {"pancreas"}, 114, "90 days", "2.3% (2) against 3.7% (1), at 90 days 6% (5)"),
        (REGENCE, "hilton_2022", {"kidney"}, 83, "3 to 34 months, under 12 months in seven", "ten participants"),
        (REGENCE, "canvasser_2017", {"kidney"}, 41, "Mean 22 months", "92% free of local recurrence at two years"),
        (REGENCE, "ricke_2015", {"lung"}, 23, "Median 12 months", "Progression in 61% (14/23)"),
        (REGENCE, "zhang_2025", {"prostate"}, 1452, "To 60 months", "0% to 15.6%; retreatment 8% to 36.6%"),
        (REGENCE, "prabhakar_2024", {"prostate"}, 899, "6 to 44 months", "0% to 38.9% in the field and 3.6% to 28%"),
        (REGENCE, "yilmaz_2025", {"prostate"}, 142, "12 to 48 months", "Local control 67% to 77%"),
        (FLORIDA, "meijerink_2021", {"liver_metastasis"}, 51, "Not given", "2.7 years from the first treatment (95%"),
        (FLORIDA, "yang_2020", {"pancreas"}, 74, "up to 5 years", "97.2% at 1 year, 53% at 3 and 31.2% at 5 years"),
        (FLORIDA, "verloh_2019", {"liver_primary"}, 164, "Not given", "63.8% of IRE and 70.1% of thermal"),
        (PREMERA, "usman_2012", {"lung"}, 2, "6 months", "Both tumors had come back at 6 months"),
        (OVERVIEW, "mafeld_2019", LIVER, 52, "median survival 38 months", "75% (44/59) of procedures"),
        (OVERVIEW, "bhutiani_2016", {"liver_primary"}, 55, "6 months", "Complications in 27% against 76%"),
        (OVERVIEW, "sutter_2017", {"liver_primary"}, 58, "Median 9 months (0.3 to 31)", "77% of 75 tumors"),
        (OVERVIEW, "niessen_2017", LIVER, 71, "Median 36 months", "26.8 with primary, 19.9 with secondary"),
        (OVERVIEW, "granata_2016", {"liver_primary"}, 20, "6 months", "92% (22/24) of tumors at 6 months"),
        (OVERVIEW, "niessen_2016", LIVER, 34, "Median 14 months (2 to 20)", "27.5% (14/51) of procedures"),
        (OVERVIEW, "zeng_2017", {"liver_primary"}, 14, "Mean 3 months", "25% (2/8) of patients with large and 66.6%"),
        (OVERVIEW, "distelmaier_2017", LIVER, 29, "Mean 24 months", "38.5% (10/26) of patients, eight of them along"),
        (OVERVIEW, "schotten_2016", LIVER, 56, "Not reported", "20.8% (5/24) against 6.2% (2/32)"),
        (OVERVIEW, "langan_2017", LIVER, 40, "Median 26 months", "10 tumors in 9 patients came back locally (13%"),
        (OVERVIEW, "yang_2019", {"liver_primary"}, 40, "Not given", "15.1 months with and 10.6 without"),
        (IPG445, "case_series_38", LIVER | {"kidney", "lung"}, 38, "1 month", "Response in 50% of 45 procedures"),
        (IPG445, "case_series_28", LIVER, 28, "Median 6 months", "Of 54 tumors, 3 (6%) came back"),
        (IPG445, "case_series_45", {"liver_metastasis", "other_solid"}, 45, "Not reported", "7 of 50 procedures (14%)"),
    ],
)  # fmt: skip
def test_main_facts(document: str, name: str, sites: set[str], n: int | None, follow_up: str, figure: str) -> None:
    study = STUDIES[document, name]
    assert (set(study.site_classes), study.n) == (sites, n)
    assert follow_up in study.follow_up
    assert any(figure in text for text in study.figures)


# What follows is compared with the documents themselves, as far as their facts are kept.

LEFT_OUT = Counter([
    "charpentier_2012", "cohen_2018", "figini_2017", "kourounis_2017", "lencioni_2015", "li_2014", "li_2014",
    "narayanan_2013", "ruarus_2018", "ryan_2016", "vroomen_2017", "yeung_2014", "zimmerman_2017", "niessen_2016",
])  # fmt: skip
"""The narrative reviews in the overview's appendix, and its one study that is in the table too."""
DERIVED = {
    ("hilton_2022", "9"): "10 - 1",  # ten studies, of which one had more than ten participants
    ("dollinger_2015_veins", "5"): "2 + 3",  # partial and complete thrombosis
    ("verloh_2019", "164"): "117 + 47",
}
"""Figures that the document gives in parts: the sum of which they are."""


@pytest.mark.parametrize("document", FILES)
def test_every_study_that_the_document_names_is_there(document: str) -> None:
    ours = Counter(re.sub(r"(?<!series)(_\d{4})_.*", r"\1", study.id) for study in FILES[document].studies)
    theirs = Counter(FACTS[document]["studies"])
    assert theirs.total() == {REGENCE: 15, FLORIDA: 3, PREMERA: 17, OVERVIEW: 58, IPG445: 7}[document]
    assert theirs - ours == (LEFT_OUT if document == OVERVIEW else Counter())
    assert ours - theirs == (Counter(["cadth_2016"]) if document == OVERVIEW else Counter())


@pytest.mark.parametrize(("document", "name"), STUDIES)
def test_every_figure_is_kept_where_the_document_names_the_study(document: str, name: str) -> None:
    study = STUDIES[document, name]
    theirs = set(FACTS[document]["of_study"][name])
    assert theirs
    design = study.design.partition("(reference")[0]
    ours = figures(" ".join((str(study.n or ""), design, study.follow_up, *study.figures, study.conclusion)))
    for number in ours - theirs:
        parts = numbers(DERIVED.get((name, number), "-"))
        assert parts, number
        assert parts <= theirs, number


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_every_figure_of_a_conclusion_is_in_the_document(file: EvidenceFile) -> None:
    theirs = set(FACTS[file.summarises]["figures"])
    for conclusion in (file.conclusion, *(entry.conclusion for entry in file.by_site)):
        assert figures(conclusion) <= theirs


@pytest.mark.parametrize("entry", FILES[REGENCE].by_site, ids=lambda entry: entry.site_classes[0])
def test_a_section_summary_is_in_the_document(entry: SiteConclusion) -> None:
    assert entry.cite.section.replace(",", ":") in FACTS[REGENCE]["sections"]
