# Cortina. `make demo` and `make test` are all a newcomer needs.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

CORTINA := .build/release/cortina
CLIP ?= assets/samples/rally.mp4
OUT ?= out/showcase.mp4
DATA ?= out/platform
# Tests that wait for servers do so apart from those that keep every processor busy: with media, or with whole platforms.
SERVER_TESTS := ^(Database|Storage|Worker|PlatformAPI)Tests
PLATFORM_TESTS := ^WorkerTests|EndToEndTests|LambdaTests|OpenAPITests|ProgramTests|SoakTests|StrangerTests
PORT ?= 8080
# libav as `make libav` builds it: programs find it there, and where there is none, Debian's.
LIBAV := .build/$(shell uname -m)-unknown-linux-gnu/libav
OWN_LIBAV := -Xlinker -rpath -Xlinker '$$ORIGIN/../libav/lib'
# Optimised, with Swift's runtime inside: a program starts sooner, and runs where there is no Swift.
RELEASE := swift build -c release --static-swift-stdlib $(OWN_LIBAV) --product

.PHONY: help demo server libav platform lambda-local images soak test test-libav examples snapshots build lint format docs bench bench-large bench-api bench-profile bench-lambda attack random-clips fuzz mutations sanitize assets fixtures packages clean

help: ## Lists the targets.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

packages: ## Installs what is missing of Debian's packages.
	@deploy/install-packages

build: packages ## Builds the command line, optimised.
	$(RELEASE) cortina
	$(RELEASE) cortina-media

server: packages ## Builds the platform's programs, optimised.
	@deploy/install-packages libxml2-dev
	$(RELEASE) cortina-media
	$(RELEASE) cortina-worker
	$(RELEASE) cortina-api

libav: $(LIBAV) ## Builds libav and x264 for our programs alone: they start sooner, and hold and open less.

$(LIBAV): deploy/libav
	deploy/libav $@

demo: build ## Runs showcase on the sample clip. CLIP=… for another.
	@mkdir -p "$(dir $(OUT))"
	$(CORTINA) run showcase "$(CLIP)" -o "$(OUT)"
	@echo "The video is $(abspath $(OUT))"

platform: server ## Builds the platform and runs it here, with a PostgreSQL of its own. DATA=… PORT=…
	@deploy/install-packages postgresql-15
	.build/release/cortina-api serve --embedded --data "$(DATA)" --port $(PORT)

lambda-local: server .build/python .build/rie/aws-lambda-rie ## Rehearses production here: upload, message, AWS' Lambda emulator. CLIP=…
	@deploy/install-packages postgresql-15
	.build/python/bin/python deploy/lambda-local "$(CLIP)"

images: build server libav .build/python .build/rie/aws-lambda-rie ## Builds the images of worker and API, and tries the worker's.
	@deploy/install-packages postgresql-15
	deploy/images

soak: .build/python ## Has JOBS=2000 jobs done while workers are killed and messages come late and twice.
	@deploy/install-packages postgresql-15
	swift build --build-tests $(OWN_LIBAV)
	CORTINA_SOAK_JOBS=$(or $(JOBS),2000) swift test --skip-build --filter SoakTests

test: .build/python .build/rie/aws-lambda-rie ## Runs all tests.
	@deploy/install-packages strace zzuf graphviz curl openssl postgresql-15 chromium
	swift build --build-tests $(OWN_LIBAV)
	swift test --skip-build --skip '$(SERVER_TESTS)'
	swift test --skip-build --filter '$(SERVER_TESTS)' --skip '$(PLATFORM_TESTS)'
	swift test --skip-build --no-parallel --filter '$(PLATFORM_TESTS)'
	.build/python/bin/python Tests/random_clips.py short --count 12 --played 2 --cortina .build/debug/cortina
	.build/python/bin/python Tests/random_clips.py shapes --count 10 --cortina .build/debug/cortina

random-clips: build .build/python ## Runs 200 short and 100 odd clips through all pipelines. SEED=…
	@deploy/install-packages chromium
	.build/python/bin/python Tests/random_clips.py short --seed $(or $(SEED),1)
	.build/python/bin/python Tests/random_clips.py shapes --seed $(or $(SEED),1)

test-libav: libav ## Runs the tests of media with that libav, after `make test`.
	swift build --build-tests $(OWN_LIBAV)
	swift test --skip-build --skip '$(SERVER_TESTS)'

# What tests hold ours against, in Python.
.build/python: Tests/requirements.txt
	@deploy/install-packages python3-venv
	/usr/bin/python3 -m venv $@
	$@/bin/pip install --quiet --requirement $<
	@touch $@

# AWS' own Lambda Runtime Interface Emulator, which its command line carries.
.build/rie/aws-lambda-rie: .build/python
	.build/python/bin/pip download --quiet --no-deps --dest .build/rie aws-sam-cli==1.170.0
	cd .build/rie && /usr/bin/python3 -m zipfile -e aws_sam_cli-*.whl wheel
	install -m 755 .build/rie/wheel/samcli/local/rapid/aws-lambda-rie-$(subst aarch64,arm64,$(shell uname -m)) $@
	rm -rf .build/rie/wheel .build/rie/*.whl

examples: packages ## Builds and tests plugins as outsiders would.
	@deploy/install-packages graphviz
	Examples/test

snapshots: ## Writes what the commands print anew, for the tests.
	CORTINA_SNAPSHOTS=write swift test --filter SnapshotTests

lint: ## Checks the layout of the code.
	swift format lint --strict --recursive --parallel Package.swift Sources Tests pipelines fuzz Examples

format: ## Sets the layout of the code.
	swift format --in-place --recursive --parallel Package.swift Sources Tests pipelines fuzz Examples

docs: build ## Makes the pages that are made from the code: docs/*.md, and the reference with tutorials in out/docs.
	$(CORTINA) errors --markdown >docs/errors.md
	$(CORTINA) stages --markdown >docs/stages.md
	docs/reference

bench: build libav ## Compares with others that make the same video, as ratios. PAIRS=5 PEERS="one-graph melt …".
	@deploy/install-packages python3-matplotlib melt gstreamer1.0-tools gstreamer1.0-plugins-good \
		gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav
	bench/bench.py --pairs $(or $(PAIRS),5) $(addprefix --peer ,$(PEERS))

bench-large: build libav ## Measures memory on 8K, 4K60 and 120 fps.
	bench/large

bench-api: server ## Measures the platform's API: lists, a mixed load, pgbench, 10,000 watchers.
	@deploy/install-packages postgresql-15 wrk
	bench/api.py

attack: server ## Attacks the platform as one stranger could, and prints what others notice. ATTACKS="bombs searches …", SEED=…
	@deploy/install-packages postgresql-15
	bench/attack.py --seed $(or $(SEED),1) $(ATTACKS)

bench-profile: build libav ## Says in which libraries the time of a showcase goes.
	@deploy/install-packages linux-perf
	bench/profile

bench-lambda: server libav .build/python .build/rie/aws-lambda-rie ## Measures the worker under AWS' Lambda emulator.
	@deploy/install-packages postgresql-15
	.build/python/bin/python bench/lambda

sanitize: packages ## Runs the command line under the address sanitizer, leaks included.
	bench/sanitize

fuzz: packages ## Throws damaged files at the runner for FUZZ_SECONDS=60.
	fuzz/run $(or $(FUZZ_SECONDS),60)

mutations: build ## Runs the command line on 500 damaged files.
	@deploy/install-packages zzuf
	fuzz/mutations

fixtures: packages ## Makes the tests' clips anew.
	python3 Tests/Fixtures/make_fixtures.py

assets: ## Draws the brand and the sample clip anew.
	@deploy/install-packages python3-cairo python3-numpy
	/usr/bin/python3 assets/make_assets.py

clean: ## Removes what was built and made.
	rm -rf .build out bench/out
