# Every target says what it runs. "make help" lists them.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS   += --no-print-directory

GO       ?= go
TAGS     := sqlite_fts5
GOTEST   := $(GO) test -tags $(TAGS)
POSTGRES := scripts/postgres.sh with
# Variables that a caller may set.
FUZZTIME ?= 30s
SOAKTIME ?= 1h
ARGS     ?=
# The packages where goroutines meet: they are tested again under the race detector. Those that do not exist yet are left out.
RACE_DIRS := kit/clock kit/egress kit/ident engine/db engine/change engine/job engine/tally api/throttle service/auth service/files
RACE_PKGS := $(foreach d,$(RACE_DIRS),$(if $(shell find $(d) -name '*_test.go' -print -quit 2>/dev/null),./$(d)/...))

.PHONY: help run build test check format vet static vulnerabilities house race bench fuzz soak

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build, and serve on this machine; ARGS="--data DIR" adds arguments
	bin/ashna serve $(ARGS)

build: ## build bin/ashna
	CGO_ENABLED=1 $(GO) build -tags $(TAGS) -trimpath -o bin/ashna ./cmd/ashna

test: ## run all tests on both databases; ASHNA_TEST_POSTGRES=off leaves PostgreSQL out
	$(POSTGRES) $(GOTEST) ./...

check: format vet static vulnerabilities house race ## run what must hold for every change, except the tests themselves
	@echo "check: everything holds"

format: ## find files that gofmt would change
	@echo "gofmt -l ."
	@files=$$(gofmt -l .); if [ -n "$$files" ]; then echo "$$files"; echo "format: run gofmt -w on these files"; exit 1; fi

vet: ## go vet
	$(GO) vet -tags $(TAGS) ./...

static: ## staticcheck
	$(GO) tool staticcheck -tags $(TAGS) ./...

vulnerabilities: ## govulncheck; says so when its database cannot be reached
	scripts/vulnerabilities.sh -tags $(TAGS) ./...

house: ## the tests of the house: floors, walls, sizes, docs, words, dependencies
	$(GO) test -count=1 ./arch/

race: ## tests of RACE_PKGS under the race detector
	@if [ -z "$(strip $(RACE_PKGS))" ]; then echo "race: no package of RACE_DIRS has tests yet"; fi
	$(if $(strip $(RACE_PKGS)),$(POSTGRES) $(GOTEST) -race -short -timeout 15m $(RACE_PKGS))

bench: build ## measure this machine and this build
	bin/ashna bench $(ARGS)

fuzz: ## run every fuzz target for FUZZTIME (30s)
	FUZZTIME=$(FUZZTIME) scripts/fuzz.sh -tags $(TAGS)

soak: ## run the tests named TestSoak… for SOAKTIME (1h); without ASHNA_SOAK they skip
	ASHNA_SOAK=$(SOAKTIME) $(POSTGRES) $(GOTEST) -timeout 0 -count=1 -v -run '^TestSoak' ./...
