"""Reports on runs: the files that a run writes, its summary on the terminal, and answers to `explain` and `sql`.

Import each from its own module: a command loads only the libraries that its report needs.
"""
