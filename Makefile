# Needs Python >= 3.11 and make, nothing else. `make` alone lists the targets.
PYTHON ?= python3

# more for jupyter's command line; as root, in a container, JupyterLab asks for LAB_FLAGS=--allow-root
LAB_FLAGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt

# Two pytest workers: one thread each for linear algebra, two for the kernels, so that their parallel path is tested.
PYTEST := OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=2 $(BIN)/pytest -n 2 --dist loadfile --benchmark-disable

.DELETE_ON_ERROR:
.PHONY: help report test check bench lab voila browser docs clean lint

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

report: $(VENV)/.installed-report ## why the lab's experiment diverges: printed, with figures and HTML in report/
	$(BIN)/xrdlib diagnose --out report

test: lint ## everything: lint, types, arrows, all tests, all notebooks
	$(PYTEST)
	$(PYTEST) --nbval --nbval-current-env --nbval-sanitize-with=tests/nbval_sanitize.cfg notebooks

check: lint ## the quick part, for every edit: lint, types, arrows, tests not marked slow
	$(PYTEST) -m "not slow"

bench: $(VENV)/.installed-report ## print docs/performance.md, measured here and now (ten minutes of an idle machine)
	$(BIN)/python benchmarks/report.py --out docs/performance.md

# a notebook runs any code: reachable from this machine only, by the random token that jupyter prints
lab: $(VENV)/.installed-dev ## JupyterLab on notebooks/
	$(BIN)/jupyter lab --ServerApp.ip=127.0.0.1 --ServerApp.allow_remote_access=False $(LAB_FLAGS) notebooks

voila: $(VENV)/.installed-dev ## every explorer on one page without code, for teaching
	$(BIN)/voila --Voila.ip=127.0.0.1 --Voila.auto_token=True $(LAB_FLAGS) notebooks/voila/explorers.ipynb

browser: $(VENV)/.installed-dev ## the tests in Chromium, all notebooks; screenshots and response times in build/browser/
	XRDLIB_BROWSER=1 $(PYTEST) tests/browser

# -n: names in docstrings that lead nowhere; -W: any warning is an error
docs: $(VENV)/.installed-docs ## the site, in build/site (open build/site/index.html): API, notebooks, tutorials, pages
	$(BIN)/sphinx-build -q -n -W --keep-going -j auto -d build/doctrees -c docs . build/site

clean: ## remove report/, build products and caches; .venv and built datasets stay
	rm -rf report build xrdlib.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .benchmarks
	find . -path ./$(VENV) -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -exec rm -rf {} +

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict xrdlib
	$(BIN)/lint-imports --no-logo

$(VENV)/.created:
	@command -v $(PYTHON) >/dev/null || \
	    { echo "$(PYTHON) not found: install Python >= 3.11, or name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "$(PYTHON) is $$($(PYTHON) --version 2>&1); needed is Python >= 3.11: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	    { echo "$(PYTHON) has no venv module (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# torch first: the one large download, with its progress shown
$(VENV)/.installed-report: $(VENV)/.created pyproject.toml constraints.txt
	$(PIP) torch
	$(PIP) --quiet -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.created pyproject.toml constraints.txt
	$(PIP) torch
	$(PIP) --quiet -e '.[lab,test,docs]'
	@touch $(VENV)/.installed-report $(VENV)/.installed-docs $@

$(VENV)/.installed-docs: $(VENV)/.created pyproject.toml constraints.txt
	$(PIP) torch
	$(PIP) --quiet -e '.[docs]'
	@touch $(VENV)/.installed-report $@
