# Only Go, make, git and bash are needed. Generators and linters are pinned in
# tools/ and built by the go command when they are first used.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --warn-undefined-variables --no-print-directory

BUF      := go tool -modfile=tools/buf/go.mod buf
GOLANGCI := go tool -modfile=$(CURDIR)/tools/lint/go.mod golangci-lint

# Every module of ours: the root, the examples, the benchmarks.
MODULES := $(patsubst %/,%,$(dir $(shell git ls-files --cached --others --exclude-standard '*go.mod' ':!tools')))
PROTOS  := $(shell git ls-files --cached --others --exclude-standard '*.proto')
GO_FILES = git ls-files --cached --others --exclude-standard '*.go' ':!*.pb.go'

# The race detector needs a C compiler. Without one the tests run without it,
# and say so; CI insists on it.
CC ?= cc
RACE := $(shell command -v $(CC) >/dev/null 2>&1 && echo -race)
TESTFLAGS ?= -shuffle=on
FUZZTIME ?= 10s
BENCHTIME ?= 1s

.PHONY: help
help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' Makefile

.PHONY: demo
demo: ## Run the dashboard story: five backends, one of which hangs, fails, slows
	cd examples/dashboard && go run .

.PHONY: test
test: ## Run all tests, with the race detector where there is a C compiler
	@$(if $(RACE),,echo "no C compiler found: testing without the race detector")
	@for m in $(MODULES); do echo "== $$m"; (cd $$m && go test $(RACE) $(TESTFLAGS) ./...); done

.PHONY: cover
cover: ## Print the statement coverage of each package of the toolkit
	go test -cover ./...

.PHONY: lint
lint: lint-go lint-proto lint-house ## Run every linter

.PHONY: lint-go
lint-go:
	@for m in $(MODULES); do echo "== golangci-lint $$m"; (cd $$m && $(GOLANGCI) run --config $(CURDIR)/.golangci.yml ./...); done
	@for m in $(MODULES) tools/gen tools/buf tools/lint; do echo "== go mod tidy $$m"; (cd $$m && go mod tidy -diff); done

.PHONY: lint-proto
lint-proto:
	$(BUF) lint
	$(BUF) format -d --exit-code

# House rules that no linter knows.
.PHONY: lint-house
lint-house:
	@bad=$$($(GO_FILES) | grep '_test\.go$$' | xargs grep -l 'time\.Sleep' | xargs -r grep -L 'testing/synctest' | \
		while read -r f; do grep -lq 'testing/synctest' $$(dirname $$f)/*_test.go || echo $$f; done); \
	if [ -n "$$bad" ]; then echo "tests that sleep outside of virtual time:"; echo "$$bad"; exit 1; fi
	@bad=$$($(GO_FILES) | grep -v '_test\.go$$' | xargs wc -l | awk '$$2 != "total" && $$1 > 300'); \
	if [ -n "$$bad" ]; then echo "files of more than 300 lines:"; echo "$$bad"; exit 1; fi
	@bad=$$(git grep -nE '\b(TODO|FIXME|XXX)\b' -- '*.go' '*.proto' '*.md' || true); \
	if [ -n "$$bad" ]; then echo "left open:"; echo "$$bad"; exit 1; fi

.PHONY: generate
generate: ## Format the .proto files and generate Go from them
	$(BUF) format -w
	$(BUF) lint
	$(BUF) generate

# Compares what is generated now with what is there, whether committed or not.
.PHONY: check-generated
check-generated: ## Fail if generated code is not up to date
	@was=$$(git ls-files -c -o --exclude-standard '*.pb.go' '*.proto' | sort | xargs sha256sum); \
	$(MAKE) generate; \
	is=$$(git ls-files -c -o --exclude-standard '*.pb.go' '*.proto' | sort | xargs sha256sum); \
	diff <(echo "$$was") <(echo "$$is") || { echo "generated code was not up to date"; exit 1; }

.PHONY: bench
bench: ## Run the benchmarks
	@for m in $(MODULES); do (cd $$m && go test -run='^$$' -bench=. -benchmem -benchtime=$(BENCHTIME) ./...); done

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME
	@for m in $(MODULES); do (cd $$m && \
		for f in $$(grep -rl --include='*_test.go' '^func Fuzz' . || true); do \
			for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' $$f); do \
				echo "== $$(dirname $$f) $$target"; \
				go test -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) ./$$(dirname $$f); \
			done; \
		done); \
	done

.PHONY: build
build:
	@for m in $(MODULES); do (cd $$m && go build ./... && go vet ./...); done

.PHONY: ci
ci: build lint check-generated test demo ## Everything that CI runs
	@$(MAKE) fuzz FUZZTIME=5s
