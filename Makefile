# make demo   sets everything up and runs the main job on the bundled scene, into build/demo
# make test   sets everything up and runs all checks and tests
# Needs Python 3.11 or later; everything else goes into .environments/ and build/.

PYTHON ?= python3
SHELL := /bin/bash
BACKEND := .environments/backend
UV := $(BACKEND)/bin/uv
# Both ends of the supported range of Blender, and what lies between.
BPY := 4.2.23 4.5.15 5.0.1 5.2.3
DEMO_BPY := 4.2.23
EXTENSION_TOOL := scripts/addons_core/bl_pkg/cli/blender_ext.py

.PHONY: demo docs docs-pictures gallery starter starter-page test setup build lint unit worker blender window bench panel-pictures clean

demo: $(BACKEND)/.ready .environments/bpy-$(DEMO_BPY)/.ready
	$(BACKEND)/bin/flowbrush demo build/demo --blender .environments/bpy-$(DEMO_BPY)/bin/python

# The manual as web pages, into build/docs/index.html. Anything wrong with them, such as a link that leads nowhere, ends it.
docs: .environments/docs/.ready
	rm -rf build/docs
	.environments/docs/bin/sphinx-build --quiet --fail-on-warning --keep-going --nitpicky --fresh-env \
		--doctree-dir build/doctrees docs build/docs

.environments/docs/.ready: $(BACKEND)/.ready docs/requirements.lock
	$(UV) venv --quiet --allow-existing --python $(BACKEND)/bin/python $(@D)
	$(UV) pip install --quiet --python $(@D)/bin/python --require-hashes --requirements docs/requirements.lock
	touch $@

# The pictures of conditions, masks and people in the manual, from the bundled scene.
docs-pictures: build
	PYTHONPATH=build/installed $(BACKEND)/bin/python docs/make_conditions.py build/conditions docs/pictures/conditions \
		--blender .environments/bpy-$(DEMO_BPY)/bin/python
	PYTHONPATH=build/installed $(BACKEND)/bin/python docs/make_masks.py build/conditions/shot docs/pictures/masks
	PYTHONPATH=build/installed $(BACKEND)/bin/python docs/make_people.py build/conditions/shot docs/pictures/people.jpg

# The pictures that the panel shows of the styles, painted by the starter model from the bundled scene.
gallery: build
	PYTHONPATH=build/installed $(BACKEND)/bin/python docs/make_gallery.py build/gallery backend/gallery \
		--blender .environments/bpy-$(DEMO_BPY)/bin/python

# The starter model made anew, into build/starter/starter; many hours. Goes on where it was stopped.
# MATERIAL is a folder with character/, vrm/ and mocap/, see `training scenes --help`.
starter: $(BACKEND)/.ready .environments/bpy-$(DEMO_BPY)/.ready
	$(BACKEND)/bin/python -I launch.py backend.training make build/starter \
		--blender .environments/bpy-$(DEMO_BPY)/bin/python $(if $(MATERIAL),--material $(MATERIAL))

# What docs/concepts/starter.md says of the starter model, measured and pictured again on HELD_OUT frames.
HELD_OUT ?= build/starter/held-out
starter-page: build
	mkdir -p build/starter-measured
	PYTHONPATH=build/installed $(BACKEND)/bin/python tests/bench/starter_quality.py build/starter-measured --frames $(HELD_OUT)
	PYTHONPATH=build/installed $(BACKEND)/bin/python tests/bench/starter_speed.py | tee build/starter-measured/speed.md
	PYTHONPATH=build/installed $(BACKEND)/bin/python docs/make_starter.py build/starter-measured

test: lint unit worker blender window

setup: $(BACKEND)/.ready $(foreach version,$(BPY),.environments/bpy-$(version)/.ready)

$(BACKEND)/.ready: backend/requirements.txt backend/requirements-footage.txt backend/requirements.lock requirements-dev.txt
	$(PYTHON) -I launch.py backend environment create $(BACKEND) --footage --also requirements-dev.txt
	touch $@

# Blender 5.2 is built for Python 3.13; where that is missing its tests are skipped, and say so.
.environments/bpy-%/.ready: $(BACKEND)/.ready $(wildcard tests/blender/*.txt)
	@python=3.11; numpy=1; \
	case $* in 5.[1-9]*) python=3.13; numpy=2;; esac; \
	export PYENV_VERSION=$$(pyenv versions --bare 2>/dev/null | grep "^$$python" | tail -1); \
	if ! $(UV) python find --no-python-downloads $$python >/dev/null 2>&1; then \
		echo "skipped: bpy $* needs Python $$python, which this machine does not have"; exit 0; fi; \
	echo "Installing bpy $*" && \
	$(UV) venv --quiet --allow-existing --no-python-downloads --python $$python $(@D) && \
	$(UV) pip install --quiet --python $(@D)/bin/python bpy==$* \
		--requirements tests/blender/requirements.txt --constraints tests/blender/constraints-numpy$$numpy.txt && \
	touch $@

# The extension as users get it, with the manual. Tests run what is in the zip, not the checkout.
build: docs .environments/bpy-$(DEMO_BPY)/.ready
	rm -rf build/installed && mkdir -p build/installed/flowbrush
	rm -rf manual && cp -r build/docs manual
	tool=$$(ls .environments/bpy-$(DEMO_BPY)/lib/python3.*/site-packages/bpy/*/$(EXTENSION_TOOL)) && \
	.environments/bpy-$(DEMO_BPY)/bin/python $$tool build --source-dir . --output-filepath build/flowbrush.zip && \
	.environments/bpy-$(DEMO_BPY)/bin/python $$tool validate \
		--valid-tags $${tool%/addons_core/*}/modules/_bpy_internal/extensions/tags.py build/flowbrush.zip
	cd build/installed/flowbrush && $(abspath $(BACKEND))/bin/python -m zipfile -e ../../flowbrush.zip .

lint: $(BACKEND)/.ready build
	$(BACKEND)/bin/ruff check .
	$(BACKEND)/bin/ruff format --check .
	cd build/installed && $(abspath $(BACKEND))/bin/mypy --config-file ../../pyproject.toml --cache-dir ../mypy -p flowbrush

unit worker: $(BACKEND)/.ready build
	cd tests && PYTHONPATH=../build/installed $(abspath $(BACKEND))/bin/python -m pytest -c pytest.ini $@

blender: setup build
	@cd tests && for version in $(BPY); do \
		python=$(CURDIR)/.environments/bpy-$$version/bin/python; \
		if [ ! -x $$python ]; then echo "skipped: bpy $$version is not installed here"; continue; fi; \
		echo "== bpy $$version"; \
		PYTHONPATH=../build/installed $$python -m pytest -c pytest.ini blender || exit 1; \
	done

window: $(BACKEND)/.ready build
	cd tests && PYTHONPATH=../build/installed $(abspath $(BACKEND))/bin/python -m pytest -c pytest.ini window

# Every panel, menu and question in both themes and all languages, in build/panels; half an hour.
panel-pictures: $(BACKEND)/.ready build
	PYTHONPATH=build/installed $(BACKEND)/bin/python tests/window/picture_panels.py build/panels

clean:
	rm -rf build manual
