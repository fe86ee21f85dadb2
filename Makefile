# lab: open the notebooks   demo: mark an example class   test: prove everything   build: lessons from their text
# site: pages to read before installing   quick: what one runs while working   bench: measure speeds
# proof: write PROOF.md, what was held against each check (minutes)
# Each sets up .venv by itself and needs nothing but make and Python 3.11 or newer.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
OPEN ?= yes
export OMP_NUM_THREADS = 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: lab demo test quick build bench site proof

lab: .venv/ready
	$(BIN)/course lab $(if $(filter no,$(OPEN)),--no-browser)

demo: .venv/ready
	$(BIN)/course example-class classroom --students 12 --lesson 02_cross_entropy
	$(BIN)/course grade classroom/submitted --classroom classroom --sheet classroom/sheet.json

build: .venv/ready
	$(BIN)/course build

site: .venv/ready-site
	$(BIN)/course site

proof: .venv/ready-dev
	$(BIN)/course prove --answers tests/course/answers

bench: .venv/ready-dev
	$(BIN)/course site
	$(BIN)/course bench
	$(BIN)/course bench --cluster

quick: .venv/ready-dev
	$(look)
	$(BIN)/python -m pytest --quiet --numprocesses 2 --dist loadfile -m "not slow" tests

test: .venv/ready-dev
	$(look)
	$(BIN)/course build --check
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder tests
	cd solutions && ../$(BIN)/python -m pytest --nbval --numprocesses 2 --dist loadscope --nbval-cell-timeout 120 */*.ipynb

.venv/ready: constraints.txt pyproject.toml
	$(call install,.)

.venv/ready-site: constraints.txt pyproject.toml
	$(call install,.[site])

.venv/ready-dev: constraints.txt pyproject.toml
	$(call install,.[dev])
	@touch .venv/ready

define look
$(BIN)/ruff check .
$(BIN)/ruff format --check .
$(BIN)/mypy
$(BIN)/lint-imports --no-logo
endef

define install
@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer was found: install one from python.org, or say make PYTHON=/path/to/python3."; exit 1; }
@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python could not make .venv: on Debian or Ubuntu, install python3-venv and run make again."; exit 1; }
@echo "Setting up .venv with the versions of constraints.txt; this takes a few minutes, once."
@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable "$(1)" || { echo "The installation stopped: read the lines above (no network? disk full?) and run make again; what was loaded is kept."; exit 1; }
@touch $@
endef
