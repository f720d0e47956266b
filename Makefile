# Needs Python >= 3.10 with venv, and a package index; no GPU, no compiler, no
# data. See `make help`.

VENV ?= .venv
# An interpreter that is named has to be the one the environment was made
# with; without one, any environment that is there will do.
ifeq ($(origin PYTHON),undefined)
PYTHON := python3
else
CHOSEN := --chosen
endif

RUN := $(VENV)/bin/python
# Idle OpenMP threads spin by default, which slows small models down several
# times on a busy machine.
export OMP_WAIT_POLICY := passive

SIMULATED := configs/joitrinet/joitrinet-d_r18_1xb8-15e_simulated-128x128.py \
	$(foreach m,opt sar,configs/baselines/deeplabv3plus-$(m)_r18_1xb8-15e_simulated-128x128.py)

# Simulated data on which the sensors disagree about outlines, and networks that
# differ in their fusion only.
OUTLINES := r18-w16_1xb8-15e_simulated-outlines-128x128
OUTLINES_DATA := data/simulated_outlines --size 128 --patches 640 --displacement 6 \
	--dilation 2 --layover 3 --separability 0.3 --dem
OUTLINES_CONFIGS := $(foreach m,-concat -mean -sr -df -evidence -sr-match -match,configs/df2rq/df2rq$(m)_$(OUTLINES).py) \
	configs/df2rq/df2rq_$(OUTLINES).py \
	$(foreach m,sum gated mdafm,configs/baselines/deeplabv3plus-$(m)_$(OUTLINES).py)

# Pretraining without labels on OMBRIA, then a tenth of the labels from it and
# from scratch. NETWORK is the first two parts of the names in configs/cmss.
NETWORK := deeplabv3plus-mdafm r18
CMSS = configs/cmss/$(word 1,$(NETWORK))-$(1)_$(word 2,$(NETWORK))_1xb8-$(2)_ombria-128x128.py

# One process per core, each with one thread; one that is idle takes tests from
# the others. `make test PARALLEL=` runs them in one process.
PARALLEL := --numprocesses auto --maxprocesses 8 --dist worksteal

# The original OpenMMLab packages, in an environment of their own; MMCV_WHEEL
# is a wheel of mmcv that fits Python and torch, or a folder or page with one.
OPENMMLAB_VENV ?= .venv-openmmlab
MMCV_WHEEL ?=

# mmpretrain and timm, whose encoders may be branches, in an environment of
# their own: no network of this project needs them.
ENCODERS_VENV ?= .venv-encoders

.PHONY: help demo mmrs seeds outlines cmss test test-openmmlab test-encoders lint format env clean

help:
	@echo 'make demo    train, test and map a small multimodal scene made on the spot'
	@echo 'make mmrs    the same for a hyperspectral scene with few labels, and MMRS'
	@echo 'make seeds   fusion against single sensors on the simulated data, three seeds'
	@echo 'make outlines  DF2RQ and other fusions where the sensors disagree, five seeds'
	@echo 'make cmss    masked pretraining on data/ombria against training from scratch'
	@echo 'make test    run the tests (ARGS="-m slow" passes arguments to pytest)'
	@echo 'make test-openmmlab MMCV_WHEEL=/path/to/mmcv-2.1.0-....whl'
	@echo '             the same on the original OpenMMLab packages, in $(OPENMMLAB_VENV)'
	@echo 'make test-encoders  encoders of mmpretrain and timm, in $(ENCODERS_VENV)'
	@echo 'make lint    check style and layout of the code'
	@echo 'make format  rewrite the code in the layout that `make lint` wants'
	@echo 'make docs    build the documentation site into site/'
	@echo 'make env     only create the environment, $(VENV)'
	@echo 'make clean   remove the environment, caches and the results of the demo'
	@echo
	@echo 'PYTHON=/path/to/python names the interpreter; a GPU build of torch that it'
	@echo 'has is used. VENV=folder puts the environment elsewhere. On a machine without'
	@echo 'GPU, a package index with CPU builds of torch (PIP_EXTRA_INDEX_URL) saves the'
	@echo 'download of the CUDA libraries.'

env:
	@$(PYTHON) tools/setup_env.py --venv $(VENV) $(CHOSEN)

demo: env
	$(RUN) tools/demo.py $(ARGS)

mmrs: env
	$(RUN) -W ignore tools/demo_hyperspectral.py $(ARGS)

seeds: env
	$(RUN) data_prep/simulate.py data/simulated --size 128
	$(RUN) tools/run_seeds.py $(SIMULATED) --work-dir work_dirs/simulated $(ARGS)

outlines: env
	$(RUN) -W ignore data_prep/simulate.py $(OUTLINES_DATA)
	$(RUN) -W ignore tools/run_seeds.py $(OUTLINES_CONFIGS) --seeds 0 1 2 3 4 --compare-with df2rq-concat_$(OUTLINES) --work-dir work_dirs/outlines $(ARGS)

cmss: env
	$(RUN) data_prep/ombria.py data/ombria
	$(RUN) data_prep/label_fractions.py data/ombria --config ombria.py
	$(RUN) tools/train.py $(call CMSS,pre,40e) --resume
	$(RUN) tools/run_seeds.py $(call CMSS,ft10,80e) $(call CMSS,scratch10,80e) --work-dir work_dirs/ombria-10-$(word 1,$(NETWORK)) $(ARGS)

test: env
	$(RUN) -m pytest $(PARALLEL) $(ARGS)

test-openmmlab:
	@$(PYTHON) tools/setup_env.py --venv $(OPENMMLAB_VENV) $(CHOSEN) \
		--stack openmmlab $(if $(MMCV_WHEEL),--mmcv $(MMCV_WHEEL))
	$(OPENMMLAB_VENV)/bin/python -m pytest $(PARALLEL) $(ARGS)

# With the versions of the environment: torch must not become another one.
test-encoders:
	@$(PYTHON) tools/setup_env.py --venv $(ENCODERS_VENV) $(CHOSEN)
	versions=$(ENCODERS_VENV)/constraints.txt; \
	test -f $$versions || versions=requirements/constraints.txt; \
	$(ENCODERS_VENV)/bin/python -m pip install --quiet --constraint $$versions \
		--requirement requirements/pretrain.txt
	$(ENCODERS_VENV)/bin/python -m pytest tests/test_weights/test_any_encoder.py $(ARGS)

lint: env
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

format: env
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

clean:
	rm -rf $(VENV) $(OPENMMLAB_VENV) $(ENCODERS_VENV) build dist projects/*.egg-info demo_output demo_hyperspectral
	rm -rf .pytest_cache .ruff_cache
	rm -rf $(DOCS_VENV) site
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The documentation site needs nothing that the tests need.
DOCS_VENV ?= .venv-docs

.PHONY: docs
docs: $(DOCS_VENV)/ready
	$(DOCS_VENV)/bin/python -m sphinx --fail-on-warning --keep-going -b html -c docs . site $(ARGS)

$(DOCS_VENV)/ready: requirements/docs.txt
	$(PYTHON) -m venv $(DOCS_VENV)
	$(DOCS_VENV)/bin/python -m pip install --requirement requirements/docs.txt
	touch $@
