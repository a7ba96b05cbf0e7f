"""The frozen models of the rule files, used by edits and their texts; `policy` reads and checks the files."""
