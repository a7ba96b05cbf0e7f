"""A rule pack of many policies: the shipped one with invented payers, each policy with versions and exceptions.

They vary in what decides: codes, dates, programs, exceptions, positions, criteria, scopes, editions, affiliates.
"""

from __future__ import annotations

import datetime as dt
import random

from claims_edit.policy import default_rules_dir, read_pack
from claims_edit.policy.parse import RELEASES

CATEGORY_III, SINCE_2026, UNLISTED = ["0600T", "0601T"], ["47384", "55877"], ["32999", "47399", "48999", "53899"]
LISTED_FROM, NEW_CODES_FROM = dt.date(2020, 7, 1), dt.date(2026, 1, 1)
PROGRAMS = ["commercial", "marketplace", "medicaid", "medicare_ffs"]
EXCEPTED = ["fep", "state_account", "medicare_advantage", "medicaid", "medicare_ffs"]
POSITIONS = ["investigational"] * 6 + ["not_medically_necessary", "not_covered", "covered", "covered_with_criteria"]
NOTE = "note: Invented., "
EVERY_SEVERAL = 25  # of the payers, one has two policies, another affiliates with an edition


def many_policies(count: int, seed: int = 1) -> dict[str, bytes]:
    """The files of a rule pack with `count` policies more than the shipped one, by path; the same for each seed."""
    contents = {path: raw for path, raw in read_pack(default_rules_dir()).items() if path != RELEASES}
    draw = random.Random(seed)  # noqa: S311 -- nothing secret
    for number in range(count):
        contents[f"policies/payer_{number:04}.yaml"] = _policy(number, draw).encode()
    return contents


def _policy(number: int, draw: random.Random) -> str:
    kind = number % EVERY_SEVERAL
    payer = number - 1 if kind == 1 else number  # the second policy of the payer before
    document = f"payer_{number:04}_policy"
    cite = f'cite: {{document: {document}, section: History, date: "2020"}}'
    keys = [f"payer_{payer:04}", *([f"payer_{payer:04}_west"] if kind == 2 else [])]
    entry = f"blue_plan: {str(draw.random() < 0.5).lower()}"
    entries = "".join(
        f"  {key}: {{label: {key}, {entry}, names: [{key.replace('_', ' ')} health, {key} of the state]}}\n"
        for key in keys
    )
    ordered = {0: "order: 2\n", 1: f"order: 1\nscope: {{sites: [liver_primary], says: Liver., {cite}}}\n"}
    was = draw.choice([f"{{was: none_existed, {cite}}}", "{was: unknown}"])
    return (
        f"id: payer-{number:04}-ire\ntitle: Payer {number} policy\npayers: [{', '.join(keys)}]\n"
        + ("" if kind == 1 else f"payer_entries:\n{entries}")
        + f"service: irreversible_electroporation\nkind: funding\nreference: P {number}\n{ordered.get(kind, '')}"
        + f"documents:\n  - {{id: {document}, title: Payer {number} policy, publisher: Payer {number}}}\n"
        + f"before_first_version: {was}\nversions:\n"
        + _versions(draw, cite, keys[1:], liver=kind == 1)
    )


def _versions(draw: random.Random, cite: str, west: list[str], *, liver: bool) -> str:
    """One to four versions, one after another; affiliates have an edition of the last one."""
    first = dt.date(2012, 1, 1) + dt.timedelta(days=draw.randrange(5000))
    days = sorted({first, *(first + dt.timedelta(days=draw.randrange(200, 2500)) for _ in range(draw.randrange(4)))})
    ends = [later - dt.timedelta(days=1) for later in days[1:]]
    texts = [_version(draw, cite, begin, end, liver=liver) for begin, end in zip(days, [*ends, None], strict=True)]
    if west:
        name = f"    edition: {{name: west, payers: [{west[0]}], says: West., {cite}}}\n"
        texts.append(_version(draw, cite, days[-1] + dt.timedelta(days=100), None, liver=liver) + name)
    return "".join(texts)


def _version(draw: random.Random, cite: str, begin: dt.date, end: dt.date | None, *, liver: bool) -> str:
    position = "covered" if liver else draw.choice(POSITIONS)
    programs = draw.sample(PROGRAMS, draw.randrange(1, 4))
    excepted = [each for each in EXCEPTED if each not in programs and draw.random() < 0.6]
    denies = position in POSITIONS[:-2]
    scope = draw.choice(["all_indications", "all_indications", "solid_tumors"]) if denies else "all_indications"
    listed = _codes(draw, end)
    exceptions = "".join(
        f"      {each}: {{rule: {draw.choice(['refer', 'review'])}, says: Excepted., {cite}}}\n" for each in excepted
    )
    until = f"    until: {{date: {end}, {NOTE}{cite}}}\n" if end else ""
    criteria = (
        f"    criteria:\n      all_of:\n        - {{says: Primary., sites: [liver_primary], {cite}}}\n"
        f"        - {{says: Small., ask: Ask for the imaging., {cite}}}\n      otherwise: not_medically_necessary\n"
    )
    group_code = draw.choice(["CO", "PR"])
    liability = f"    liability: {{group_code: {group_code}, says: Liable., {cite}}}\n"
    has_liability = denies and set(listed) & {*CATEGORY_III, *SINCE_2026} and draw.random() < 0.4
    history = "".join(
        f"      - {{date: {day}, change: Reviewed., {cite.replace('2020', day)}}}\n"
        for day in (f"{begin.year + 1 + n}-01-01" for n in range(4))
    )
    return (
        f"  - from: {{date: {begin}, {NOTE}{cite}}}\n{until}"
        f"    statement: {{position: {position}, scope: {scope}, says: Stated., {cite}}}\n"
        f"    codes:\n      listed: {listed}\n      {cite}\n"
        + (criteria if position == "covered_with_criteria" else "")
        + f"    applies_to: {{programs: {programs}, says: These., {cite}}}\n".replace("'", "")
        + (f"    exceptions:\n{exceptions}" if exceptions else "")
        + f"    reviewed: {{date: {begin + dt.timedelta(days=draw.randrange(-30, 300))}, {NOTE}{cite}}}\n"
        + (liability if has_liability else "")
        + f"    history:\n{history}"
    )


def _codes(draw: random.Random, end: dt.date | None) -> list[str]:
    """Some of the codes that are valid on a day of the version."""
    listed = draw.sample(UNLISTED, draw.choice([0, 0, 0, 2]))
    if end is None or end > LISTED_FROM:
        listed = [*draw.choice([CATEGORY_III, CATEGORY_III, CATEGORY_III[:1]]), *listed]
    if end is None or end > NEW_CODES_FROM:
        listed += draw.choice([SINCE_2026, SINCE_2026[:1], []])
    return listed
