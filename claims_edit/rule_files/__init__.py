"""The frozen models of the rule files that edits and their texts read; `policy` reads and checks the files."""
