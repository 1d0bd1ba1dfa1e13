# The few commands of this project. `make` alone explains them. Nothing but Debian 12, a shell and make is needed;
# scripts/setup.sh installs the rest.

JOBS ?= $(shell nproc 2>/dev/null || echo 2)
# A full build of two presets is some 2 GB of objects; the usual 5 GB cache would drop half of them.
export CCACHE_MAXSIZE ?= 15G
export CTEST_OUTPUT_ON_FAILURE = 1
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash

.DEFAULT_GOAL := help
.PHONY: help setup build build-dev run up down status test bench fuzz lint format verify check-deploy oracle clean distclean

help:  ## this list
	@echo "make TARGET:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r t d; do printf '  %-12s %s\n' "$$t" "$$d"; done
	@echo "Settings: config/kronika.yaml, explained in docs/config.md."

setup:  ## install what is missing (packages, the local Kafka); takes a second when nothing is
	@scripts/setup.sh

build: setup  ## build the programs (release) into build/release/bin
	@scripts/build.sh release programs $(JOBS)

build-dev: setup
	@scripts/build.sh dev all $(JOBS)

run: build  ## start everything, play sample messages and a simulated population, show the result, stay up until Ctrl-C
	@scripts/run.sh

up: build  ## start everything in the background; data of earlier runs are kept
	@echo "Starting kronika"
	@scripts/stack.sh start

down:  ## stop what `up` started; the data stay
	@echo "Stopping kronika"
	@scripts/stack.sh stop

status:  ## what runs, and how much memory it takes
	@scripts/stack.sh status || true

test: build-dev  ## build and run all tests; the last lines are the count
	@scripts/setup.sh deploy
	@ctest --test-dir build/dev -j $(JOBS) --no-tests=error --no-label-summary

bench: build  ## measure on this machine (docs/benchmarks.md)
	@scripts/bench.sh

fuzz:  ## fuzz each parser for FUZZ_SECONDS (600) with libFuzzer (tests/fuzz/README.md)
	@scripts/setup.sh build fuzz
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz -j $(JOBS) --target $(addprefix fuzz_,hl7v2 xml fhir native_json mllp event)
	@scripts/fuzz.sh

lint:  ## check the format of all files and the changed ones with clang-tidy
	@scripts/setup.sh build lint
	@scripts/lint.sh

format:  ## format all C++ files
	@scripts/setup.sh build
	@git ls-files '*.h' '*.cc' | xargs clang-format-19 -i

check-deploy:  ## check rules, alerts, dashboards, manifests and Containerfile, without a cluster
	@scripts/check-deploy.sh

verify:  ## recompute everything from the log and compare it with what is served
	@./kronika verify

oracle: build  ## compare 20,000 simulated citizens with an independent program, cell by cell (tests/oracle; some minutes)
	@python3 tests/oracle/run.py

clean:  ## remove the data (refuses while kronika runs)
	@scripts/clean.sh data

distclean:  ## remove the data, the builds and what setup fetched
	@scripts/clean.sh all
