# `make` alone explains itself. Works from any folder (make -C /path/to/project run), as root or not.

# Empty with plain make and make -C; the project's folder with make -f.
HERE := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
IN := cd "$(HERE)" &&
ARGS ?=
PYTHON ?=
export PYTHON

.DEFAULT_GOAL := help
NIGHT ?=
export NIGHT
# What Python has compiled is kept (`clean` removes it), whatever the environment says: reading every test and module
# anew, in each of its processes, would be a tenth of `make check`.
PYTHONDONTWRITEBYTECODE :=
export PYTHONDONTWRITEBYTECODE
.PHONY: help run test check bench faults faults-selftest lock clean environment

help: ## this list
	@echo "Samverkan. Further words for the program or pytest go in ARGS, e.g. make run ARGS='--port 9090'"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' "$(HERE)/Makefile" | expand -t 16

run: ## make the environment, then the hub with demo units on http://127.0.0.1:8080
	@$(IN) scripts/bootstrap run
	@$(IN) exec .venv/bin/samverkan serve --demo $(ARGS)

test: environment ## every test; of the fault matrix each row once, see faults
	@$(IN) FAULTS_RUNS=$${FAULTS_RUNS:-1} && export FAULTS_RUNS && exec .venv/bin/python -m pytest $(ARGS)

check: environment ## format, lint, types, import direction, the everyday tests: those that need no server
	@$(IN) .venv/bin/ruff format --check .
	@$(IN) .venv/bin/ruff check .
	@$(IN) .venv/bin/mypy
	@$(IN) .venv/bin/lint-imports --no-logo
	@$(IN) exec .venv/bin/python -m pytest -n auto -m "not slow" tests/architecture tests/unit $(ARGS)

bench: environment ## the measurements in bench/
	@$(IN) exec .venv/bin/python -m bench $(ARGS)

faults: environment ## the fault matrix, three rows at a time; NIGHT=1 for the large counts
	@$(IN) exec .venv/bin/python -m pytest tests/faults -m "faults" -n 3 --maxschedchunk 1 $(ARGS)

faults-selftest: environment ## each planted bug turns a row of the fault matrix red
	@$(IN) exec .venv/bin/python -m tests.faults.selftest $(ARGS)

lock: ## rewrite the lock files from pyproject.toml (needs uv)
	@$(IN) scripts/lock

clean: ## remove the environment and what tools leave behind; never var/, which holds data
	@$(IN) rm -rf .venv build dist samverkan.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@$(IN) find . -name __pycache__ -type d -prune -exec rm -rf {} +

environment:
	@$(IN) scripts/bootstrap dev
