"""Checks of the rule tests: each case gives a line that the rules can decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.policy.rule_tests import RuleTestsFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.policy.declared_ids import DeclaredIds
    from claims_edit.policy.parse import Parsed
    from claims_edit.policy.rule_tests import Given, RuleCase, RuleTest

NEEDED = ("payer", "code", "service")
"""The facts that a case needs, its own or from its test or file."""


def test_faults(parsed: Parsed, declared: DeclaredIds) -> Iterator[str]:
    """A case without a needed fact or an expectation, and a code that the pack does not have."""
    for path, file in parsed.of(RuleTestsFile).items():
        yield from _code_faults(f"{path}: given", file.given, declared)
        for number, test in enumerate(file.tests):
            place = f"{path}: tests[{number}]"
            yield from _code_faults(f"{place}.given", test.given, declared)
            for position, case in enumerate(test.cases):
                where = f"{place}.cases[{position}]"
                yield from _code_faults(where, case, declared)
                yield from _missing(where, case, test, file)


def _code_faults(place: str, given: Given, declared: DeclaredIds) -> Iterator[str]:
    for index, code in enumerate(given.code or ()):
        if declared.codes is not None and code not in declared.codes:
            yield f"{place}.code[{index}]: `{code}` is not defined in codes/. Correct it, or add the code there."


def _missing(place: str, case: RuleCase, test: RuleTest, file: RuleTestsFile) -> Iterator[str]:
    for fact in NEEDED:
        if all(getattr(given, fact) is None for given in (case, test.given, file.given)):
            yield f"{place}.{fact}: is missing. Give it in the case, or under `given` of its test or file."
    if case.expect is None and test.expect is None:
        yield f"{place}.expect: is missing. Give it in the case or in its test."
