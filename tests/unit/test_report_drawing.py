"""The engine of the charts: a process that ends with the one that asked, and whose failure is an error there."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from claims_edit.report.html.drawing import Engine, engine


def bar(value: str) -> dict[str, Any]:
    encoding = {"x": {"field": "x", "type": "nominal", "title": value}}
    return {"data": {"values": [{"x": value}]}, "mark": "bar", "encoding": encoding}


def test_each_thread_gets_its_own_chart() -> None:
    titles = [f"chart {number}" for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda title: engine().draw(bar(title)), titles))
    assert [[title for title in titles if title in svg] for svg in drawn] == [[title] for title in titles]


@pytest.mark.long
def test_an_engine_that_ended_is_an_error_and_another_one_takes_its_place() -> None:
    first = engine()
    first._process.kill()
    with pytest.raises(ChildProcessError, match=r"ended \(status -9\)"):
        first.draw(bar("x"))
    assert engine() is not first
    assert engine().draw(bar("x")).startswith("<svg")


def test_a_chart_that_cannot_be_drawn_is_an_error() -> None:
    with pytest.raises(ChildProcessError):
        Engine().draw({"mark": "no such mark"})


def test_the_engine_ends_with_its_process() -> None:
    code = "from claims_edit.report.html.drawing import engine; print(engine()._process.pid)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not done.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)
