"""Rule governance: the proof, rule tests, overdue reviews, the history, and the effect of a change."""
