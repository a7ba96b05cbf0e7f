"""What keeps rules trustworthy: their tests, what a change of them does, and what editors need to write them."""
