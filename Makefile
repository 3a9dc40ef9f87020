# The two commands to know: `make run` serves on this machine, `make test` tells whether everything holds.
# Both set up what they need; nothing has to be installed but make and Python 3.11 or newer (make PYTHON=python3.12 …).

PYTHON ?= python3
VENV := .venv
# Programs are run as modules, so that a checkout still works after it was moved.
RUN := $(VENV)/bin/python -m
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help run demo test check bench trials format openapi lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(INSTALLED) ## Serve with the embedded PostgreSQL; another port: make run CREDITRISK_PORT=8001
	@$(RUN) creditrisk serve --demo

demo: $(INSTALLED) ## Show the answers of a running service with the demo data, in colour
	@$(RUN) creditrisk demo

test: check ## Lint, types, architecture and the whole suite
	@$(RUN) pytest -n 2

check: $(INSTALLED) ## Formatting, lint and types only
	@$(RUN) ruff format --check
	@$(RUN) ruff check
	@$(RUN) mypy

bench: $(INSTALLED) ## Measure it beside its yardsticks (bench/README.md); under three minutes: make bench QUICK=1
	@$(RUN) bench $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

format: $(INSTALLED) ## Format the code and mend what lint can mend
	@$(RUN) ruff format
	@$(RUN) ruff check --fix

openapi: $(INSTALLED) ## Write openapi/openapi.json anew, after a change of the HTTP API
	@$(RUN) creditrisk openapi --output openapi/openapi.json

trials: $(INSTALLED) ## Long proofs of what the service promises; two minutes of them: make trials QUICK=1
	@$(RUN) bench.trials $(if $(QUICK),--quick) $(TRIALS)

# Names, versions and hashes only: where packages come from is the machine's business.
COMPILE := piptools compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-header \
	--no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options

lock: $(INSTALLED) ## Raise the locked sets to the newest versions that pyproject.toml allows
	@$(RUN) $(COMPILE) --output-file requirements.lock pyproject.toml
	@$(RUN) $(COMPILE) --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

clean: ## Remove what the tools have made; data of the embedded PostgreSQL stays
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .schemathesis

# A set-up that was cut short leaves no stamp, so the next one goes on.
$(INSTALLED): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 …" >&2; exit 1; }
	@test -x $(VENV)/bin/pip || $(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "Python's venv is needed; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing the locked packages into $(VENV) …"
	@$(RUN) pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements-dev.lock
	@$(RUN) pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation --editable .
	@touch $@
