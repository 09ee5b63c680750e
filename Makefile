# Everything runs on a ComfyUI that `setup` fetches: HOST=0.30.0 (default) or 0.3.75, or your own at COMFYUI_PATH.
SHELL := /bin/bash
PYTHON3 ?= python3
PYTHON := .venv/bin/python
ROOMS := $(wildcard attention guidance metrics pictures audit)
BENCHMARKS := bench-capture bench-regions bench-bias bench-entanglement bench-guidance bench-need bench-statistics gpu-check
export HOST ?= 0.30.0
# SEEDS is what PICTURES was called.
PICTURES ?= $(SEEDS)
export PROMPT PICTURES ATTRIBUTES OUT FAULTS SEED

.PHONY: help setup demo audit test test-unit test-host test-browser schemas workflows thumbnails help-pictures lint mutation format train emoji-report composition real-size registry-check clean bench $(BENCHMARKS)

help:  ## list the targets
	@grep -hE '^[a-z$$].*:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 16

setup:  ## fetch and install what is missing (nothing, the second time)
	@$(PYTHON3) host/setup.py

demo: export OMP_NUM_THREADS ?= 2
demo: setup  ## before and after, with numbers: PROMPT="three pilots with cats" PICTURES=16 ATTRIBUTES=gender OUT=folder
	@$(PYTHON) -m fair_attention.scripts.demo $(if $(PROMPT),--prompt "$$PROMPT") $(if $(PICTURES),--pictures "$$PICTURES") \
		$(if $(ATTRIBUTES),--attributes "$$ATTRIBUTES") $(if $(OUT),--out "$$OUT")

audit: export OMP_NUM_THREADS ?= 2
audit: setup  ## how fair is the embedded model, plain and with Fair Inference? resumes; STUDY=file.toml OUT=folder
	@$(PYTHON) -c "import altair, jinja2, vl_convert" 2>/dev/null || $(PYTHON) -m pip install -q jinja2 altair vl-convert-python
	@$(PYTHON) -m fair_attention.audit run $(or $(STUDY),audit/studies/occupations.toml) --out $(or $(OUT),output/audit)
	@$(PYTHON) -m fair_attention.audit report $(or $(OUT),output/audit)

# Two processes with a host and a thread each, faster than two threads; what one file's tests share is made once, in one of
# them. Each loads thousands of modules: compiled ones are kept, also where the environment says not to.
WORKERS ?= 2
AT_ONCE := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
test test-unit test-host test-browser: export OMP_NUM_THREADS ?= 1
test test-unit test-host test-browser: export PYTHONDONTWRITEBYTECODE =
test: setup  ## all tests, in two processes (WORKERS=0: in this one)
	$(PYTHON) -m pytest tests $(AT_ONCE)

test-unit: setup  ## tests that need no host
	$(PYTHON) -m pytest tests/unit

test-host: setup  ## tests on the host, and of the workflows against its nodes
	$(PYTHON) -m pytest tests/host tests/workflows $(AT_ONCE)

test-browser: export FAIR_ATTENTION_BROWSER = required
test-browser: setup  ## tests in a real browser (needs Chromium); screenshots in output/browser/
	$(PYTHON) -m pytest tests/browser

lint: setup  ## style, format, types of the pure rooms
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	MYPYPATH=.host/python $(PYTHON) -m mypy $(addprefix -p fair_attention.,$(ROOMS))

mutation: export OMP_NUM_THREADS ?= 1
mutation: setup  ## do the tests notice small faults in the files that steer a sampling? FAULTS=3 a file, SEED=0 (an hour)
	$(PYTHON) -m fair_attention.scripts.mutate

format: setup  ## mend what can be mended
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

$(BENCHMARKS): setup  ## the tables, one benchmark each
	$(PYTHON) -m fair_attention.benchmarks.$(subst -,_,$(patsubst bench-%,%,$@))

bench: setup  ## the comparison with every baseline (a night); QUICK=1: a few minutes, fails when a method regresses
	$(PYTHON) -m fair_attention.benchmarks.comparison $(if $(QUICK),--quick)

workflows: setup  ## write the shipped workflows and blueprints anew, from scripts/graphs_*.py and blueprints.py
	$(PYTHON) -m fair_attention.scripts.draw_workflows
	$(PYTHON) -m fair_attention.scripts.blueprints

thumbnails: setup  ## run every shipped workflow and keep its picture beside it
	$(PYTHON) -m fair_attention.scripts.thumbnails

help-pictures: setup  ## a picture of every node for its help page (needs Chromium)
	$(PYTHON) -m fair_attention.scripts.help_pictures

schemas: setup  ## record the nodes' inputs that saved workflows depend on
	$(PYTHON) -m fair_attention.tests.workflows.schemas

composition: setup  ## write docs/composition.md from the table that the tests run
	$(PYTHON) -m fair_attention.tests.host.composition.table

real-size: export OMP_NUM_THREADS ?= 2
real-size: setup  ## the full chain at Stable Diffusion 1.4's size with random weights: peak memory (tens of minutes)
	$(PYTHON) -m fair_attention.benchmarks.real_size

registry-check: export PATH := $(CURDIR)/output/comfy-cli/bin:$(PATH)
registry-check:  ## the node registry's own checks, by comfy-cli in an environment of its own
	@test -x output/comfy-cli/bin/comfy || { $(PYTHON3) -m venv output/comfy-cli && output/comfy-cli/bin/pip -q install comfy-cli ruff; }
	comfy --skip-prompt --no-enable-telemetry node validate

train: setup  ## train the emoji model (resumes)
	$(PYTHON) -m fair_attention.emoji_world.train

emoji-report: setup  ## measure the emoji model against its bars
	$(PYTHON) -m fair_attention.emoji_world.report

clean:  ## remove what setup and the other targets have made
	rm -rf .venv .host output .hypothesis .mypy_cache .pytest_cache .ruff_cache
