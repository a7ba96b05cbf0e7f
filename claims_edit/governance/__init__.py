"""Governance of the rules: what is stale, what changed and when, and what a change would do."""
