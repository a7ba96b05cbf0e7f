"""Vega-Lite charts, drawn by a process of its own.

The engine takes 0.4 s to start, and lets no other Python code of its process run meanwhile. It is started once a
process, and ends with it.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from functools import cache
from threading import Lock
from typing import Any

_VEGA_LITE = "6.4"  # one of those bundled with vl-convert


class Engine:
    """A process that draws a chart for each line that it reads."""

    def __init__(self) -> None:
        """Start it, without waiting for it."""
        self._turn = Lock()
        self._process = subprocess.Popen(  # noqa: S603 -- this file, with this interpreter
            [sys.executable, "-P", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
        atexit.register(self.end)

    def draw(self, chart: dict[str, Any]) -> str:
        """The chart, of Vega-Lite, as SVG.

        Raises:
            ChildProcessError: the engine ended: it cannot draw the chart, or has too little memory.
        """
        into, outof = self._process.stdin, self._process.stdout
        assert into is not None and outof is not None  # noqa: S101, PT018 -- both are pipes
        with self._turn:
            try:
                print(json.dumps(chart), file=into, flush=True)
                drawn = outof.readline()
            except BrokenPipeError:
                drawn = ""
        if not drawn:
            engine.cache_clear()
            self.end()
            raise ChildProcessError(f"the engine of the charts ended (status {self._process.returncode})")
        svg: str = json.loads(drawn)
        return svg

    def end(self) -> None:
        """End the process."""
        atexit.unregister(self.end)
        self._process.kill()
        self._process.communicate()


@cache
def engine() -> Engine:
    """The engine of this process, started on first use; threads may share it."""
    return Engine()


os.register_at_fork(after_in_child=engine.cache_clear)  # two processes would read each other's charts


def _draw_lines() -> None:
    """Be the engine: an empty chart makes it ready, then each line of standard input is a chart."""
    import vl_convert  # noqa: PLC0415 -- for the engine alone

    vl_convert.vegalite_to_svg({"mark": "bar"}, vl_version=_VEGA_LITE)
    for line in sys.stdin:
        svg = vl_convert.vegalite_to_svg(json.loads(line), vl_version=_VEGA_LITE)
        print(json.dumps(svg), flush=True)  # noqa: T201 -- to the process that asked


if __name__ == "__main__":
    _draw_lines()
