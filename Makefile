# Every target sets up what it needs: Python 3.11 or newer, make and a network are enough.

UV_VERSION := 0.13.9
PYTHON ?= python3

# The uv on the path, else one of our own in .tools/.
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := $(UV) run --frozen --all-extras

# What to pass on, as in: make demo ARGS=--full
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo up test check format bench proof docker clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(UV) ## A year of real purchases: points, rewards and emails (ARGS=--full, --keep ...)
	$(RUN) headway demo $(ARGS)

up: $(UV) ## Run Kafka and PostgreSQL on this machine until Ctrl-C
	$(RUN) headway up $(ARGS)

test: check ## Check, then run every test but the long proofs
	$(RUN) pytest -m "not proof and not docker" -n 4 --dist loadfile $(ARGS)

check: $(UV) ## Lint, format, types, the boundaries between packages, published contracts
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) headway contracts check

format: $(UV) ## Put the code into the form that check asks for
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

bench: $(UV) ## Measure against the yardstick; results in bench/results/latest.json
	$(RUN) python -m bench $(ARGS)

proof: $(UV) ## Run the long proofs: faults, restores, races
	$(RUN) pytest -m proof $(ARGS)

docker: $(UV) ## Build the image and try it and the compose file, where a Docker engine runs
	$(RUN) pytest -m docker $(ARGS)

clean: ## Remove the environment, caches and the local stack's data
	@if [ -L .headway/postgres ]; then rm -rf "$$(readlink .headway/postgres)"; fi
	rm -rf .headway .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
	rm -rf .import_linter_cache
	find shared services tests bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

.tools/bin/uv:
	$(PYTHON) -m venv .tools || { rm -rf .tools; echo "Install Python's venv module (Debian:" \
		"apt install python3-venv) or uv (https://docs.astral.sh/uv/), then try again."; exit 1; }
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
