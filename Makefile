# Every target makes the virtual environment that it needs, from its lock in requirements/.
PYTHON ?= python3
MODEL  ?= models/csanmt-zh-en-tiny
SOURCE ?= $(MODEL)/source
DATA   ?= tmp/data
RUN    ?= tmp/run
VENVS   = .venv

.PHONY: help serve test test-all lint format model tune bench data train evaluate lock clean
.DEFAULT_GOAL := help

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

serve: $(VENVS)/serve/.ready  ## install and start the service on http://127.0.0.1:8000
	@exec $(VENVS)/serve/bin/python -m deployments serve_config.yaml

test: $(VENVS)/test/.ready  ## the serving install's tests: no torch, no root, no browser, no LibreOffice, no database
	$(VENVS)/test/bin/python -m pytest -m "not quantize and not browser and not databases and not office and not soak and not chaos_long and not peer"

test-all: $(VENVS)/all/.ready  ## adds the tests that need the quantize extra, a browser, LibreOffice or databases
	$(VENVS)/all/bin/python -m pytest -m "(quantize or browser or office or databases) and not soak and not chaos_long and not peer"

lint: $(VENVS)/all/.ready  ## ruff and mypy --strict
	$(VENVS)/all/bin/ruff check .
	$(VENVS)/all/bin/ruff format --check .
	$(VENVS)/all/bin/mypy

format: $(VENVS)/all/.ready
	$(VENVS)/all/bin/ruff check --fix .
	$(VENVS)/all/bin/ruff format .

model: $(VENVS)/all/.ready  ## build MODEL from SOURCE, a folder or an id such as firefox:zh-en (torch is installed for it); RECIPE=NAME if not the usual
	$(VENVS)/all/bin/python -m quantize build $(SOURCE) $(if $(RECIPE),--recipe $(RECIPE)) --out $(MODEL)

tune: $(VENVS)/all/.ready  ## find the recipe for SOURCE: measure all against float32, write MODEL and its report
	$(VENVS)/all/bin/python -m quantize tune $(SOURCE) --out $(MODEL)

data: $(VENVS)/all/.ready  ## prepare DATA of CORPUS, files of Chinese, TAB, English, TAB, source (docs/training.md)
	$(VENVS)/all/bin/python -m training prepare $(CORPUS) --out $(DATA)

train: $(VENVS)/all/.ready  ## train RUN on DATA for nine minutes, or go on with it
	$(VENVS)/all/bin/python -m training train $(DATA) $(RUN)

evaluate: $(VENVS)/all/.ready  ## score MODEL and SOURCE (as float32) on FLORES dev and NTREX
	$(VENVS)/all/bin/python -m training evaluate $(MODEL) $(SOURCE)

bench: $(VENVS)/all/.ready  ## time and memory beside CTranslate2, Optimum and PyTorch, or Bergamot; QUICK=1: ten minutes; MODELS=… by commas
	$(VENVS)/all/bin/python -m benchmarks.engines $(if $(QUICK),--quick) $(if $(MODELS),--models $(MODELS))

$(VENVS)/%/.ready: requirements/%.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null || { \
	  echo "Python 3.11 to 3.13 is needed, found $$($(PYTHON) --version 2>/dev/null || echo no $(PYTHON)): name one, as in make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) has no venv module: install it (Debian, Ubuntu: apt-get install python3-venv)"; exit 1; }
	@echo "Installing into $(VENVS)/$* (once; a few minutes)…"
	@rm -rf $(VENVS)/$* && $(PYTHON) -m venv $(VENVS)/$*
	@$(VENVS)/$*/bin/pip install --quiet --disable-pip-version-check -r requirements/$*.txt
	@$(VENVS)/$*/bin/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

# torch names its own GPU packages, and none with a CPU build: the lock leaves them to it.
LOCK = uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header pyproject.toml
lock:  ## renew requirements/*.txt (needs uv)
	$(LOCK) --extra csanmt > requirements/serve.txt
	$(LOCK) --extra csanmt --extra test > requirements/test.txt
	$(LOCK) --extra csanmt --extra test --extra quantize --extra bench | grep -vE '^(cuda|nvidia|triton)' > requirements/all.txt

clean:  ## remove the environments and caches
	rm -rf $(VENVS) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
