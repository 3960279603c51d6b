# Every target sets up what it needs: a machine with Python 3.11 or newer and make is enough.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
JOBS   ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-reservation test torture mutation check lint types imports deps coverage bench schemas lock audit build sbom clean

help:
	@echo "make demo     the main job on the embedded lab, from plan to no changes"
	@echo "make demo-reservation  reservations by API, then across an air gap"
	@echo "make test     the tests"
	@echo "make torture  the long programme of kills, faults and races; SHARE=0.01 ONLY=k2 does a hundredth of a test"
	@echo "make mutation small changes to the code, each of which some test must notice; SHARE=0.05 SEED=2 samples"
	@echo "make check    what CI runs: lint, types, import directions, dependencies, tests with coverage"
	@echo "make bench    the speed budgets, as ratios, from an installed wheel"
	@echo "make schemas  write schemas/*.json from the models"
	@echo "make lock     resolve requirements.lock anew"
	@echo "make audit    known weaknesses, licences, risky code"
	@echo "make build    wheel, source archive and bill of materials, in dist/"
	@echo "make sbom     a CycloneDX bill of materials, in dist/"

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "xlicense needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(READY)

demo: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/lab/demo.sh

demo-reservation: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/reservation-api/demo.sh
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/air-gapped/demo.sh

test: $(READY)
	@$(BIN)/pytest -n $(JOBS)

SHARE ?= 1
FROM  ?= 0
ONLY  ?=
TORTURE := tests/torture tests/faults tests/fuzz tests/security tests/stateful tests/journal/test_forty_records.py
torture: $(READY)
	@XLICENSE_TORTURE=$(SHARE) XLICENSE_TORTURE_FROM=$(FROM) $(BIN)/pytest -n $(JOBS) -k '$(ONLY)' $(TORTURE)

SEED ?= 1
mutation: $(READY)
	@$(BIN)/python -m tests.mutation --share $(SHARE) --seed $(SEED) --jobs $(JOBS)

lint: $(READY)
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .

types: $(READY)
	@$(BIN)/mypy --no-error-summary

imports: $(READY)
	@$(BIN)/pytest tests/test_imports.py -p no:xdist

deps: $(READY)
	@$(BIN)/deptry . 2>/dev/null || $(BIN)/deptry .

# The pure rooms have a floor of their own; the last line printed is pytest's.
PURE := reconciler/model/*,reconciler/config/*,reconciler/rules/*,reconciler/planning/*,reconciler/reporting/*
coverage: $(READY)
	@mkdir -p .cache && rm -f .coverage .coverage.*
	@$(BIN)/pytest -n $(JOBS) --cov --cov-report= > .cache/pytest.log 2>&1; status=$$?; \
	  cat .cache/pytest.log; exit $$status
	@$(BIN)/coverage report --include='$(PURE)' --fail-under=95
	@$(BIN)/coverage report --format=total | sed 's/.*/coverage of everything: & %/'
	@tail -n 1 .cache/pytest.log

check: lint types deps coverage

bench: $(READY)
	@$(BIN)/python -m tests.bench

schemas: $(READY)
	@$(BIN)/xlicense schema --write schemas

lock:
	@$(PYTHON) -m venv --clear .cache/lock
	@.cache/lock/bin/pip install --quiet --disable-pip-version-check pip-tools
	@.cache/lock/bin/pip-compile --quiet --upgrade --no-strip-extras --generate-hashes --allow-unsafe \
	  --all-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header \
	  --output-file requirements.lock pyproject.toml
	@rm -rf .cache/lock

audit: $(READY)
	@$(BIN)/bandit --quiet --recursive --severity-level medium reconciler providers
	@$(BIN)/python tests/security/licences.py
	@$(BIN)/pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock

build: $(READY) sbom
	@$(BIN)/python -m build --no-isolation --outdir dist . > .cache/build.log 2>&1 || { cat .cache/build.log; exit 1; }
	@ls dist

sbom: $(READY)
	@mkdir -p dist .cache
	@$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
	  --output-file dist/xlicense.cdx.json $(BIN)/python

clean:
	@rm -rf $(VENV) .cache .coverage .coverage.* dist build
