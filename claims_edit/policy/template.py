"""A policy file to fill in: `rules new`. What is left unfilled is refused by name when the rules are loaded."""

from __future__ import annotations

_TEMPLATE = """\
# {payer}: fill in every capital placeholder, then run `claims-edit rules check`.
# Say things in your own words; give each value the section and the date of the document as the document gives it.
# Where the document gives only a month or a year, take its last day. A new version is a new entry, oldest first,
# complete in itself; give the one before it an `until`.
id: {slug}
title: TITLE
payer: {payer}                # a key of payers.yaml
service: {service}            # the service of a file in codes/
kind: funding                 # funding, or guidance (which never denies)
reference: REFERENCE          # what goes into 835 REF*0K
documents:
  - id: {document}
    title: DOCUMENT
    publisher: PUBLISHER
versions:
  - from:
      date: YYYY-MM-DD
      cite: &cite {{document: {document}, section: SECTION, date: AS GIVEN}}
    # until:
    #   date: YYYY-MM-DD
    #   cite: *cite
    statement:
      scope: all_indications  # or solid_tumors
      says: STATEMENT
      cite: *cite
    codes:
      listed: []              # the codes that the version lists as investigational
      cite: *cite
    applies_to:
      programs: []            # keys of programs.yaml; medicare_advantage is never denied automatically
      says: SCOPE
      cite: *cite
    exceptions: {{}}
      # fep:
      #   rule: refer         # refer: other rules decide; review: a person does
      #   says: EXCEPTION
      #   cite: *cite
    reviewed:
      date: YYYY-MM-DD
      cite: *cite
    # next_review:
    #   date: YYYY-MM-DD
    #   cite: *cite
    # liability:              # only where the policy's own words say who bears the charge
    #   group_code: PR
    #   says: LIABILITY
    #   cite: *cite
"""


def new_policy(payer: str, service: str) -> str:
    """The text of a policy file for a payer key and a service, with placeholders in capitals."""
    document = f"{payer}_{service}"
    return _TEMPLATE.format(payer=payer, service=service, document=document, slug=document.replace("_", "-"))
