"""The model of a found draft: a policy of which only public pages were seen."""

from typing import Literal

from pydantic import Field

from claims_edit.rule_files.cited import Seen
from claims_edit.rule_files.policies import Policy
from claims_edit.rule_files.values import Strict, Text


class Found(Strict):
    """Where a draft's facts come from, and what is still open; `unverified` until the document itself was read."""

    status: Literal["unverified"]
    seen: tuple[Seen, ...] = Field(min_length=1)
    open_questions: tuple[Text, ...] = Field(min_length=1)


class FoundDraft(Policy):
    """`drafts/*.yaml`: a policy found on public pages. It is never enforced; a shadow run uses it."""

    found: Found
