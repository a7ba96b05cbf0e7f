# claims-edit: thin targets; the README and CI run the same ones. Usable from another Makefile by `include`.
CLAIMS_EDIT_HOME := $(dir $(lastword $(MAKEFILE_LIST)))
CLAIMS_EDIT_GOAL := $(.DEFAULT_GOAL)
PYTHON ?= python3
VENV ?= $(CLAIMS_EDIT_HOME).venv
CLAIMS_EDIT = $(VENV)/bin/claims-edit
OUT ?= results
LINES ?= 20000000
PIP = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check

# A value as one word of the shell, whatever is in it; EXTRACT is one path, or else several or a glob, as typed.
claims_edit_word = '$(subst ','\'',$(1))'
claims_edit_option = $(if $(2),$(1) $(call claims_edit_word,$(2)))
claims_edit_extracts = if [ -e $(call claims_edit_word,$(EXTRACT)) ]; then set -- $(call claims_edit_word,$(EXTRACT)); else eval set -- $(call claims_edit_word,$(EXTRACT)); fi;

.PHONY: help install demo test test-long golden lint check bench year screenshots mutate mutate-core schema rules-check validate run sql dist docs lock clean

help:
	@sed -n 's/^\([a-z-]*\):.*## /  \1	/p' $(CLAIMS_EDIT_HOME)Makefile | expand -t 16

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(CLAIMS_EDIT_HOME)requirements.txt $(CLAIMS_EDIT_HOME)pyproject.toml | $(VENV)/bin/python
	$(PIP) --require-hashes -r $(CLAIMS_EDIT_HOME)requirements.txt
	$(PIP) --no-deps --no-build-isolation -e $(CLAIMS_EDIT_HOME)
	$(VENV)/bin/python -m compileall -q $(CLAIMS_EDIT_HOME)claims_edit
	@touch $@

$(VENV)/.installed-dev: $(CLAIMS_EDIT_HOME)requirements-dev.txt $(VENV)/.installed
	$(PIP) --require-hashes -r $(CLAIMS_EDIT_HOME)requirements-dev.txt
	@touch $@

install: $(VENV)/.installed ## set up .venv from the hash-locked requirements

demo: install ## run the nightly job on sample_claims and say where to look
	cd $(CLAIMS_EDIT_HOME) && $(abspath $(CLAIMS_EDIT)) run sample_claims/claims.csv \
	  --contracts sample_claims/contracts.csv --as-of 2026-11-20 --out $(call claims_edit_word,$(OUT))
	cd $(CLAIMS_EDIT_HOME) && $(abspath $(CLAIMS_EDIT)) explain EX-21-INVESTIGATIONAL-REGENCE --out $(call claims_edit_word,$(OUT))

# Bytecode is kept, whatever the environment says: each program that a test starts would compile every module anew.
PYTEST = cd $(CLAIMS_EDIT_HOME) && PYTHONDONTWRITEBYTECODE= $(abspath $(VENV))/bin/python -m pytest -n $(TESTERS) --dist loadfile --no-loadscope-reorder
TESTERS = auto

# One thread for each test process: a second one costs a quarter more CPU. They often wait for a disk or another process,
# so there is one more of them than cores. The long tests use all threads.
test: TESTERS = $$(($$(getconf _NPROCESSORS_ONLN) + 1))
test: export POLARS_MAX_THREADS = 1
test: $(VENV)/.installed-dev ## run the tests, but for the long ones
	$(PYTEST) -m "not long"

test-long: $(VENV)/.installed-dev ## run the long tests: more examples, torture, the wheel (EXAMPLES= times as many)
	CLAIMS_EDIT_EXAMPLES=$(or $(EXAMPLES),3) $(PYTEST) -m "long or more"

golden: $(VENV)/.installed-dev ## renew the texts that tests/golden holds reports to; read what changed before you keep it
	cd $(CLAIMS_EDIT_HOME) && CLAIMS_EDIT_RENEW_GOLDEN=1 $(abspath $(VENV))/bin/python -m pytest tests/golden

lint: $(VENV)/.installed-dev ## ruff, mypy and the layers
	cd $(CLAIMS_EDIT_HOME) && $(abspath $(VENV))/bin/ruff check && $(abspath $(VENV))/bin/ruff format --check
	cd $(CLAIMS_EDIT_HOME) && $(abspath $(VENV))/bin/mypy && $(abspath $(VENV))/bin/lint-imports

check: lint test rules-check ## what must pass before a commit

bench: $(VENV)/.installed-dev ## measure speed and memory on LINES generated lines (PARTS= for some of it)
	cd $(CLAIMS_EDIT_HOME) && $(abspath $(VENV))/bin/python bench/bench.py $(PARTS) --lines $(LINES)

year: $(VENV)/.installed-dev ## measure a year of nights into one results folder (NIGHTS=, NIGHT_LINES=)
	cd $(CLAIMS_EDIT_HOME) && $(abspath $(VENV))/bin/python bench/year_of_nights.py --nights $(or $(NIGHTS),365) --lines $(or $(NIGHT_LINES),50000)

screenshots: $(VENV)/.installed-dev ## make the README's pictures of the report from sample_claims (needs chromium)
	cd $(CLAIMS_EDIT_HOME) && $(abspath $(VENV))/bin/python docs/screenshots.py

mutate: $(VENV)/.installed-dev ## change the rules one value at a time: their tests must notice (RULES=folder for others)
	cd $(CLAIMS_EDIT_HOME) && $(abspath $(VENV))/bin/python bench/mutate.py $(if $(RULES),$(abspath $(RULES)))

mutate-core: $(VENV)/.installed-dev ## change the core one place at a time: its tests must notice (MODULE=file, SAMPLE=number, TESTS=files; hours for all of it)
	cd $(CLAIMS_EDIT_HOME) && $(abspath $(VENV))/bin/python bench/mutate_core.py $(MODULE) $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(TESTS),--tests "$(TESTS)")

schema: install ## renew rules/schema, the JSON Schemas for editors
	cd $(CLAIMS_EDIT_HOME) && $(abspath $(CLAIMS_EDIT)) rules schema --out rules/schema

rules-check: install ## check the rule pack and decide its tests (RULES=folder for another)
	$(CLAIMS_EDIT) rules check $(call claims_edit_option,--rules,$(RULES))
	$(CLAIMS_EDIT) rules test $(call claims_edit_option,--rules,$(RULES))

validate: install ## validate EXTRACT: the rows that a run would refuse
	@$(claims_edit_extracts) $(CLAIMS_EDIT) validate "$$@" $(CLAIMS_EDIT_FLAGS) $(call claims_edit_option,--mapping,$(MAPPING)) \
	  $(call claims_edit_option,--as-of,$(AS_OF))

run: install ## EXTRACT=files OUT=folder [MAPPING= CONTRACTS= RULES= AS_OF=]
	@$(claims_edit_extracts) $(CLAIMS_EDIT) run "$$@" --out $(call claims_edit_word,$(OUT)) $(CLAIMS_EDIT_FLAGS) \
	  $(call claims_edit_option,--mapping,$(MAPPING)) $(call claims_edit_option,--contracts,$(CONTRACTS)) $(call claims_edit_option,--rules,$(RULES)) \
	  $(call claims_edit_option,--as-of,$(AS_OF))

sql: install ## SQL="SELECT …" OUT=folder [FORMAT=table]
	@$(CLAIMS_EDIT) sql "$(SQL)" --out $(call claims_edit_word,$(OUT)) --format $(or $(FORMAT),table)

# The date of the last commit is that of every file inside, so that the same commit gives the same bytes everywhere.
dist: export SOURCE_DATE_EPOCH = $(shell git -C $(CLAIMS_EDIT_HOME) log -1 --format=%ct)
dist: $(VENV)/.installed-dev ## build wheel and sdist into dist/, twice, and compare them byte by byte
	cd $(CLAIMS_EDIT_HOME) && rm -rf dist build/again
	cd $(CLAIMS_EDIT_HOME) && $(abspath $(VENV))/bin/python -m build --no-isolation --outdir dist
	cd $(CLAIMS_EDIT_HOME) && $(abspath $(VENV))/bin/python -m build --no-isolation --outdir build/again
	cd $(CLAIMS_EDIT_HOME) && for file in dist/*; do cmp "$$file" "build/again/$$(basename "$$file")" || exit 1; done
	cd $(CLAIMS_EDIT_HOME) && rm -rf build/again && ls dist

$(VENV)/.installed-docs: $(CLAIMS_EDIT_HOME)requirements-docs.txt $(VENV)/.installed
	$(PIP) --require-hashes -r $(CLAIMS_EDIT_HOME)requirements-docs.txt
	@touch $@

docs: $(VENV)/.installed-docs ## build the documentation as a site, into site/; a link that leads nowhere is an error
	cd $(CLAIMS_EDIT_HOME) && NO_MKDOCS_2_WARNING=1 $(abspath $(VENV))/bin/mkdocs build --strict
	@echo "site/index.html is the first page."

lock: ## renew the lock files (needs uv)
	cd $(CLAIMS_EDIT_HOME) && uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-strip-extras -q pyproject.toml --extra charts --group build -o requirements.txt
	cd $(CLAIMS_EDIT_HOME) && uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-strip-extras -q pyproject.toml --extra charts --group build --group dev -o requirements-dev.txt
	cd $(CLAIMS_EDIT_HOME) && uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-strip-extras -q -c requirements-dev.txt pyproject.toml \
	  --extra charts --group docs -o requirements-docs.txt

clean: ## remove what the targets above made
	rm -rf $(VENV) $(CLAIMS_EDIT_HOME)build $(CLAIMS_EDIT_HOME)dist

# A Makefile that includes this one keeps its own default goal.
.DEFAULT_GOAL := $(CLAIMS_EDIT_GOAL)
