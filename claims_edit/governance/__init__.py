"""What keeps rules trustworthy: proof, tests, what is stale, how they came to be, and what a change of them does."""
