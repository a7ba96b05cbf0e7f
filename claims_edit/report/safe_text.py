"""Text of a claim, for a terminal and for a page."""

from __future__ import annotations

import re

# A claim must not control the terminal, or reverse the text around it (Unicode TR 36, 3.2).
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """The text without control characters."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
