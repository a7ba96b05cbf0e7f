"""Every policy version on its first day and the day before, its last and the day after; every code likewise."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from claims_edit.policy import load_catalog
from tests.rules.lines import decided_one

CATALOG = load_catalog()
DAY = timedelta(days=1)
VERSIONS = CATALOG.versions.to_dicts()
DATED_CODES = CATALOG.codes.filter(CATALOG.codes["valid_from"].is_not_null()).to_dicts()


def in_force(payer: str, on: date) -> str | None:
    return decided_one(CATALOG, payer=payer, on=on, hcpcs_code="0601T")["policy_version"]


def by_name(version: dict[str, object]) -> str:
    return f"{version['payer']}-{version['policy_version']}"


@pytest.mark.parametrize("version", VERSIONS, ids=by_name)
def test_version_begins_on_its_first_day(version: dict[str, date]) -> None:
    first = version["in_force_from"]
    assert in_force(str(version["payer"]), first) == first.isoformat()


@pytest.mark.parametrize("version", VERSIONS, ids=by_name)
def test_version_is_not_in_force_the_day_before(version: dict[str, date]) -> None:
    first = version["in_force_from"]
    earlier = [v["policy_version"] for v in VERSIONS if v["payer"] == version["payer"] and v["in_force_from"] < first]
    assert in_force(str(version["payer"]), first - DAY) == (earlier[-1] if earlier else None)


@pytest.mark.parametrize("version", [v for v in VERSIONS if v["in_force_until"]], ids=by_name)
def test_version_ends_with_its_last_day(version: dict[str, date]) -> None:
    last = version["in_force_until"]
    assert in_force(str(version["payer"]), last) == version["policy_version"]
    assert in_force(str(version["payer"]), last + DAY) != version["policy_version"]


@pytest.mark.parametrize("code", DATED_CODES, ids=lambda code: code["hcpcs_code"])
@pytest.mark.parametrize("payer", ["premera", "nobody known"])
def test_code_begins_on_its_first_valid_day(code: dict[str, date], payer: str) -> None:
    line = {"payer": payer, "hcpcs_code": code["hcpcs_code"]}
    before = decided_one(CATALOG, on=code["valid_from"] - DAY, **line)
    first = decided_one(CATALOG, on=code["valid_from"], **line)
    assert (before["disposition"], before["reason_code"]) == ("return", "code-not-valid-on-dos")
    assert "code-not-valid-on-dos" not in first["edits"]


@pytest.mark.parametrize("code", ["32999", "47399", "48999", "53899"])
def test_unlisted_codes_are_valid_throughout(code: str) -> None:
    for day in (date(1990, 1, 1), date(2020, 3, 1), date(2030, 1, 1)):
        assert "code-not-valid-on-dos" not in decided_one(CATALOG, payer="premera", on=day, hcpcs_code=code)["edits"]
