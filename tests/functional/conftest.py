"""Commands run inside the test process: the same `main`, without the price of a new interpreter."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from claims_edit.__main__ import main
from tests.functional.program import Done

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """The program with these arguments, as `main` runs it."""

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["claims-edit", *map(str, arguments)])
        capfd.readouterr()
        code: object = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        assert isinstance(code, int)
        told = capfd.readouterr()
        return Done(code, told.out, told.err)

    return run
