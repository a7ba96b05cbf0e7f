"""Explanations in each format: nothing that a claim holds is anything but text."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest

from claims_edit.model import QUARANTINE_COLUMNS
from claims_edit.report.explain import EXPLANATION_FORMATS, explain_accepted, explained
from claims_edit.report.explain.markdown import at_line_start, escaped
from tests.lib.runs import REFUSED, line, manifest_of, shipped

RUN = "20260301T010000Z-aaaa"
HOSTILE = "<script>alert(1)</script>|*a* `b` [x](http://h.example) ![y](www.h.example)\n# z\x1b[31m"


def hostile() -> list[dict[str, Any]]:
    """A decision, a refused and an accepted row whose every text is an attack."""
    row = {
        "run_id": RUN, "trial_evidence": HOSTILE, "rendering_npi": None,
        **line(claim_id=HOSTILE, payer_raw=HOSTILE, group_id=HOSTILE, source_file=HOSTILE, member_id=HOSTILE,
               citation=HOSTILE, reason=HOSTILE, policy_id="regence-surgery-242"),
    }  # fmt: skip
    manifest = manifest_of(RUN, [row], [])
    accepted = {
        "source_file": HOSTILE, "source_row": 3, "data_source": HOSTILE, "claim_id": HOSTILE, "claim_line_number": 1,
        "hcpcs_code": HOSTILE, "payer": HOSTILE,
    }  # fmt: skip
    refused = {
        "kind": "quarantine",
        **dict.fromkeys(QUARANTINE_COLUMNS),
        **REFUSED,
        "run_id": RUN,
        "claim_id": HOSTILE,
        "source_file": HOSTILE,
    }
    return [*explained([row], shipped(), manifest), refused, *explain_accepted([accepted], manifest)]


class Tags(HTMLParser):
    """The tags of a page, and the text outside of its style."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"]:
            self.words.append(data)


def test_a_page_holds_hostile_values_as_text_alone() -> None:
    page = EXPLANATION_FORMATS["html"](hostile())
    read = Tags()
    read.feed(page)
    assert not {"script", "img", "a", "link", "iframe"} & set(read.tags)
    assert not {"onclick", "onload", "onerror", "href", "src"} & read.attributes
    assert page.count("<article>") == 3
    assert any("<script>alert(1)</script>|*a*" in words for words in read.words)
    assert "\x1b" not in page
    assert "http-equiv" in page


@pytest.mark.parametrize("name", ["text", "md", "html"])
def test_control_characters_are_shown_as_a_mark(name: str) -> None:
    reported = EXPLANATION_FORMATS[name](hostile())
    assert "\x1b" not in reported
    assert "\N{REPLACEMENT CHARACTER}" in reported


def test_markdown_makes_nothing_of_hostile_values() -> None:
    reported = EXPLANATION_FORMATS["md"](hostile())
    for active in ("<script>", "*a*", "`b`", "[x](", "![y]", "http://", "www.", "\n# z"):
        assert active not in reported, active
    lines = reported.splitlines()
    assert [text for text in lines if text.startswith("# ")] == [text for text in lines if text[:2] == "# "]
    assert sum(text.startswith("# ") for text in lines) == 3
    heads = [text.count("|") for text in lines if text.startswith("| fact")]
    rows = [text for text in lines if text.startswith("| payer_raw ")]
    assert [text.count("|") - text.count("\\|") for text in rows] == heads[:1]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a|b", r"a\|b"),
        ("<b>", r"\<b\>"),
        ("claim_id _x_", r"claim_id \_x\_"),
        ("https://h", r"https\://h"),
        ("www.h", r"www\.h"),
        ("a\nb", "a\N{REPLACEMENT CHARACTER}b"),
    ],
)
def test_escaped(given: str, shown: str) -> None:
    assert escaped(given) == shown


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("- a", r"\- a"),
        ("1. a", r"1\. a"),
        ("12) a", r"12\) a"),
        ("# a", r"\# a"),
        ("=", r"\="),
        ("2026-01", "2026-01"),
    ],
)
def test_at_line_start(given: str, shown: str) -> None:
    assert at_line_start(given) == shown


def test_json_has_everything() -> None:
    reported = json.loads(EXPLANATION_FORMATS["json"](hostile()))
    assert [each["kind"] for each in reported] == ["decision", "quarantine", "accepted"]
    assert reported[0]["claim_id"] == HOSTILE
    assert reported[0]["policy"]["reference"] == "Surgery 242"


def test_text_is_set_in_lines_of_readable_width() -> None:
    reported = EXPLANATION_FORMATS["text"](hostile())
    inside = reported[reported.index("Evidence: ") : reported.index("What would change the outcome")]
    assert max(map(len, inside.splitlines())) <= 120


def test_why_a_line_was_no_candidate() -> None:
    place = {"source_file": "a.csv", "source_row": 3, "data_source": "a", "claim_id": "C", "claim_line_number": 1}
    manifest = manifest_of(RUN, [], [])
    reported = explain_accepted(
        [
            {**place, "hcpcs_code": "99213"},
            {**place, "hcpcs_code": None, "revenue_center_code": "0360"},
            {**place, "hcpcs_code": None},
            place,
        ],
        manifest,
    )
    assert [each["why"].removeprefix("No edit applies: ") for each in reported] == [
        "hcpcs_code 99213 is not in rules/codes.",
        "the line has no procedure code, only a revenue code.",
        "the line has no procedure code.",
        "the extract has no column hcpcs_code, so none of its lines can be edited.",
    ]
    assert {"name": "hcpcs_code", "value": "99213", "source": "hcpcs_code"} in reported[0]["facts"]
