"""What every test process needs before DuckDB is imported."""

from __future__ import annotations

import __main__

# A worker of pytest-xdist is started with `python -c`. DuckDB takes a main module without a file for an interactive
# one, and draws a progress bar on standard output, where tests look for results. The program always has a file.
if not hasattr(__main__, "__file__"):
    __main__.__file__ = __file__
