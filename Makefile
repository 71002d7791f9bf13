# Only Go, make, git and bash are needed. Generators and linters are pinned in
# tools/ and built by the go command when they are first used.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
# The go command keeps every core busy by itself; two at once mix their output.
.NOTPARALLEL:
MAKEFLAGS += --warn-undefined-variables --no-print-directory

BUF      := go tool -modfile=tools/buf/go.mod buf
GOLANGCI := go tool -modfile=$(CURDIR)/tools/lint/go.mod golangci-lint
HOUSE    := go -C tools/house run .

GREMLINS := go tool -modfile=tools/mutation/go.mod gremlins

# auto: the race detector where there is a C compiler for it. yes: or fail. no: never.
RACE ?= auto
TESTFLAGS ?= -shuffle=on
# A count. With a duration, go test reports a failure when a busy machine is
# late to notice that the time is up.
FUZZTIME ?= 20000x
BENCHTIME ?= 1s

# All of ours, whether committed yet or not, that git does not ignore.
FILES = git ls-files --cached --others --exclude-standard
# Every module: the root, the examples, the benchmarks, and of tools/ the one that is
# ours.
MODULES := $(sort $(patsubst %/,%,$(dir $(wildcard $(shell $(FILES) go.mod '*/go.mod' ':!tools') $(shell $(FILES) tools/house/go.mod)))))
ifeq ($(MODULES),)
$(error git lists no go.mod here; this needs a git checkout)
endif
PROTOS := $(wildcard $(shell $(FILES) '*.proto'))
# buf.yaml is the list of the roots; one that has no .proto file yet is left out.
PROTO_ROOTS := $(foreach r,$(shell sed -n 's/^ *- path: *//p' buf.yaml),$(if $(filter $(r)/%,$(PROTOS)),$(r)))

# each runs a command in every module, and fails in the end if it failed in one.
each = rc=0; for m in $(MODULES); do echo "== $$m"; (cd "$$m" && $(1)) || rc=1; done; exit $$rc

.PHONY: help
help: ## Show this help
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' Makefile

.PHONY: demo
demo: ## Run the story of a shop: backends that hang, fail and slow down, orders that wait, a crowd (90 seconds)
	cd examples/shop && go run .

# PORT=0 takes a free one; the program says which. Its data git ignores.
PORT ?= 8080
DATA ?= $(CURDIR)/.tmp/shop
.PHONY: demo-serve
demo-serve: ## Serve a local page that shows the same system live, with switches to make backends sick (PORT, DATA)
	cd examples/shop && go run . -serve 127.0.0.1:$(PORT) -data "$(DATA)"

# runtime/race is the package that needs the C compiler.
.PHONY: test
test: ## Run all tests, with the race detector where there is a C compiler
	@race=-race; \
	if [ "$(RACE)" = no ]; then race=; \
	elif [ "$(RACE)" = auto ] && ! go build -race runtime/race 2>/dev/null; then \
		race=; echo "no working C compiler found: testing without the race detector"; \
	fi; \
	$(call each,go test $$race $(TESTFLAGS) ./...)

# Where the kernel runs no 32-bit programs, an emulator runs the tests of what counts in
# words of the machine; it is slow. cross checks the types of the others. Preemption by
# signals is more than the emulator can do.
WORDS = internal/window policy breaker bulkhead ratelimit timeout fault
.PHONY: test-386
test-386: ## Test on 32 bits, by an emulator (qemu-i386) if the kernel cannot
	@export CGO_ENABLED=0 GOARCH=386; \
	if go test -run='^$$' errors >/dev/null 2>&1; then go test $(TESTFLAGS) ./...; \
	elif command -v qemu-i386 >/dev/null; then \
		echo "test-386: this kernel runs no 32-bit programs: qemu-i386 runs the tests of $(WORDS)"; \
		go test -timeout=30m -exec='env GODEBUG=asyncpreemptoff=1 qemu-i386' $(TESTFLAGS) $(addprefix ./interceptors/,$(WORDS)); \
	elif [ -n "$${AFLOAT_REQUIRE_PROGRAMS:-}" ]; then echo "test-386: this kernel runs no 32-bit programs, and there is no qemu-i386"; exit 1; \
	else echo "test-386: skipped, this kernel runs no 32-bit programs, and there is no qemu-i386 (Debian: qemu-user)"; fi

# Where else it has to compile. linux/386 is of 32 bits, linux/s390x big-endian.
CROSS = linux/386 linux/arm64 linux/s390x darwin/arm64 windows/amd64 js/wasm wasip1/wasm

.PHONY: cross
cross: ## Check the types of all packages and tests on other systems
	@$(HOUSE) targets $(CROSS)

# Cold, it takes a minute for each on two cores.
.PHONY: build-all
build-all: ## Build all packages for other systems
	@rc=0; for t in $(CROSS); do echo "== $$t"; \
		CGO_ENABLED=0 GOOS=$${t%/*} GOARCH=$${t#*/} go build -o /dev/null ./... || rc=1; \
	done; exit $$rc

# Only packages that have such tests are built once more, without the race detector.
.PHONY: test-allocs
test-allocs: ## Test the limits on allocations, which the race detector upsets
	@$(call each,dirs=$$(go list -f '{{.Dir}}' ./... | while read -r d; do ! grep -qs 'func Test[A-Za-z0-9_]*Alloc' $$d/*_test.go || echo $$d; done); \
		[ -z "$$dirs" ] || go test -run=Alloc $$dirs)

.PHONY: cover
cover: ## Print the statement coverage of each package
	@$(call each,go test -cover ./...)

.PHONY: lint
lint: ## Run every linter and check the modules, the .proto files, the house rules and licences
	@$(MAKE) --keep-going lint-go lint-tidy lint-proto lint-house licences

.PHONY: lint-go
lint-go:
	@$(call each,$(GOLANGCI) run --config=$(CURDIR)/.golangci.yml ./...)

.PHONY: lint-tidy
lint-tidy:
	@$(call each,go mod tidy -diff)

.PHONY: lint-proto
lint-proto:
ifeq ($(PROTOS),)
	@echo "no .proto files to lint"
else
	@$(if $(filter-out $(addsuffix /%,$(PROTO_ROOTS)),$(PROTOS)), \
		echo "in no module of buf.yaml: $(filter-out $(addsuffix /%,$(PROTO_ROOTS)),$(PROTOS))"; exit 1)
	$(BUF) lint
	$(BUF) format -d --exit-code
endif

# What proto/ must stay compatible with: any revision of git. By default the main
# branch, as the remote has it or else as it is here.
PROTO_BASE ?= $(firstword $(foreach b,origin/main main,$(shell git rev-parse --quiet --verify --abbrev-ref $(b) 2>/dev/null)))

# The files of the base are laid out in a folder, so that the base may be of any
# kind and in a shallow checkout too. The protos of tests and examples promise
# nothing.
.PHONY: breaking
breaking: ## Fail if proto/ breaks what the revision PROTO_BASE promised (the main branch)
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; export GIT_INDEX_FILE="$$tmp/index"; \
	if [ -z "$(PROTO_BASE)" ]; then echo "breaking: skipped, there is no main branch here to compare with; name a revision: PROTO_BASE=v1.0.0"; exit 0; fi; \
	git rev-parse --quiet --verify "$(PROTO_BASE)^{commit}" >/dev/null || { echo "breaking: PROTO_BASE = $(PROTO_BASE); must be a revision of git"; exit 1; }; \
	if ! git read-tree "$(PROTO_BASE):proto" 2>/dev/null; then echo "breaking: skipped, $(PROTO_BASE) has no proto/"; exit 0; fi; \
	git checkout-index --all --prefix="$$tmp/base/"; \
	echo "breaking: proto against $(PROTO_BASE)"; unset GIT_INDEX_FILE; \
	$(BUF) breaking proto --against "$$tmp/base"

# House rules that no linter knows. A helper may sleep in a file of its own, so
# testing/synctest is looked for in the whole package.
.PHONY: lint-house
lint-house: ## Print how the source is laid out and check the house rules
	@folders() { git grep --untracked -l "$$1" -- '*_test.go' | sed 's|/[^/]*$$||' | sort -u; }; \
	bad=$$(comm -23 <(folders 'time\.Sleep') <(folders '"testing/synctest"')); \
	if [ -n "$$bad" ]; then echo "packages whose tests sleep outside of virtual time:"; echo "$$bad"; exit 1; fi
	@bad=$$(git grep --untracked -nwE 'TODO|FIXME|XXX' -- '*.go' '*.proto' '*.md' || true); \
	if [ -n "$$bad" ]; then echo "left open:"; echo "$$bad"; exit 1; fi
	@$(HOUSE) measures

# The modules that programs import and run; of tools/ nobody has anything in a program.
.PHONY: licences
licences: ## Compare the licences of all dependencies with tools/licences.txt
	@$(HOUSE) licences -list ../licences.txt $(filter-out tools/%,$(MODULES))

# Not in ci: what it finds depends on the day, and it needs a server.
.PHONY: vuln
vuln: ## Look for known vulnerabilities; says so if the database cannot be reached
	@.ci/vuln $(filter-out tools/%,$(MODULES))

# What make fix does to Go.
.PHONY: fix-go
fix-go:
	$(GOLANGCI) fmt --config=$(CURDIR)/.golangci.yml
	@$(call each,go mod tidy && $(GOLANGCI) run --fix --config=$(CURDIR)/.golangci.yml ./...)

.PHONY: fix
fix: ## Format, fix what linters can, tidy the modules, and make again all that is generated
	@$(MAKE) --keep-going generate fix-go api

# The listings of generated code are the .proto files, which breaking compares.
.PHONY: api
api: ## Write down in docs/api what each public package exports
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; \
	$(HOUSE) api -out "$$tmp/api"; rm -rf docs/api; cp -r "$$tmp/api" docs/api

.PHONY: check-api
check-api: ## Fail if docs/api is not what the packages export
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; mkdir -p "$$tmp/is"; \
	if [ -d docs/api ]; then cp -r docs/api/. "$$tmp/is"; fi; \
	$(HOUSE) api -out "$$tmp/should"; \
	cd "$$tmp"; git diff --no-index --stat --patch is should || \
		{ echo "docs/api is not what make api would write"; exit 1; }

# The descriptors that the command is tested with: a command, without the file to write
# to.
DESCRIPTORS = cmd/afloat/testdata/testproto.binpb
BUILD_DESCRIPTORS = $(BUF) build interceptors/internal/testproto --as-file-descriptor-set --exclude-source-info --output

# Old code goes first, so that none outlives its .proto file.
.PHONY: generate
generate: ## Format the .proto files and generate Go beside them
ifeq ($(PROTOS),)
	@echo "no .proto files to generate from"
else
	$(BUF) format -w
	$(BUF) lint
	@for root in $(PROTO_ROOTS); do \
		echo "$(BUF) generate $$root"; \
		find "$$root" -name '*.pb.go' -delete; \
		$(BUF) generate "$$root" --output "$$root"; \
	done
	$(BUILD_DESCRIPTORS) $(DESCRIPTORS)
endif

# Generates elsewhere, and compares with what is here, whether committed or not.
.PHONY: check-generated
check-generated: ## Fail if generated Go is out of date, missing or left over
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; mkdir "$$tmp/is" "$$tmp/should"; \
	for f in $(wildcard $(shell $(FILES) '*.pb.go')); do \
		mkdir -p "$$tmp/is/$$(dirname "$$f")"; cp "$$f" "$$tmp/is/$$f"; \
	done; \
	for root in $(PROTO_ROOTS); do $(BUF) generate "$$root" --output "$$tmp/should/$$root"; done; \
	for at in is should; do mkdir -p "$$tmp/$$at/$(dir $(DESCRIPTORS))"; done; \
	cp $(DESCRIPTORS) "$$tmp/is/$(DESCRIPTORS)"; $(BUILD_DESCRIPTORS) "$$tmp/should/$(DESCRIPTORS)"; \
	cd "$$tmp"; git diff --no-index --stat --patch is should || \
		{ echo "generated code is not what make generate would make"; exit 1; }

.PHONY: bench
bench: ## Run the benchmarks, and those beside the peers
	@$(call each,go test -run='^$$' -bench=. -benchmem -benchtime=$(BENCHTIME) ./...)
	@cd interceptors/benchmarks && go run ./guard && go run ./gather && go run ./size

.PHONY: story
story: ## Tell what users see of a fault, beside the peers (6 minutes)
	@cd interceptors/benchmarks && go run ./story

.PHONY: bench-report
bench-report: ## Write the tables of docs/benchmarks and their charts (8 minutes, on a quiet machine)
	@cd interceptors/benchmarks && for p in guard gather engine; do go run ./$$p -docs ../../docs || exit 1; done

.PHONY: overload
overload: ## Ask a server for more than it can do, beside the peers (an hour, on a quiet machine)
	@cd interceptors/benchmarks && go run ./overload

# In virtual time, in a process for each core.
.PHONY: lab
lab: ## Set guards against worlds in virtual time; compare docs/scenarios.md and what is promised (3 minutes)
	@cd interceptors/benchmarks && go run ./lab

# Every service under every load, and hours below the capacity.
.PHONY: lab-capacity
lab-capacity: ## Set the overload control against services with a capacity, for hours of virtual time (10 minutes)
	@go test -timeout=60m ./internal/lab/capacity -long

.PHONY: lab-update
lab-update: ## Write docs/scenarios.md and its charts
	@cd interceptors/benchmarks && go run ./lab -update

# As long as one likes: SOAKTIME=8h. Another seed is another run.
SOAKTIME ?= 1m
SOAKSEED ?= 1
.PHONY: soak
soak: ## Run three tiers with everything on and every fault at random for SOAKTIME, and check what is promised
	@cd interceptors/benchmarks && go run ./soak -for $(SOAKTIME) -seed $(SOAKSEED)

# What compares times runs without the race detector, which is for others' code here, and not
# in CI: a time of one run is not the same in the next.
.PHONY: proof-short
proof-short: ## Try clients of others with and without the built-in rule, in breaks of 5 seconds (2 minutes)
	@cd interceptors/proof && AFLOAT_PROOF=short go test -count=1 -timeout=10m -p=1 ./pubsub ./etcd ./otlp

.PHONY: proof
proof: ## The same with breaks of 30 seconds, and the suites of others; write docs/proof.md (6 minutes)
	@cd interceptors/proof && rm -f page/findings/*.json && \
	AFLOAT_PROOF=whole AFLOAT_PROOF_FINDINGS="$$PWD/page/findings" go test -count=1 -v -timeout=30m -p=1 $$(go list ./... | grep -v /page) && \
	go run ./page

# go test fuzzes one target of one package at a time.
.PHONY: fuzz
fuzz: ## Run each fuzz target FUZZTIME times (a count: 20000x)
	@rc=0; while IFS=: read -r file target; do \
		dir=$$(dirname "$$file"); echo "== $$dir $$target"; \
		(cd "$$dir" && go test -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) -fuzzminimizetime=100x .) || rc=1; \
	done < <(git grep --untracked -E '^func Fuzz[A-Za-z0-9_]*\(' -- '*_test.go' | sed -E 's/:func (Fuzz[A-Za-z0-9_]*).*/:\1/'); \
	exit $$rc

# Too slow for CI. A mutant that no test notices is one that lived.
.PHONY: mutate
mutate: ## Break breaker, bulkhead and window on purpose and count what tests notice
	@for p in internal/window bulkhead breaker; do \
		echo "== interceptors/$$p"; \
		$(GREMLINS) unleash --workers 2 --timeout-coefficient 3 -S l ./interceptors/$$p; \
	done

.PHONY: build
build: ## Build and vet every module, the examples among them
	@$(call each,go build -o /dev/null ./... && go vet ./...)

# As its users would: the last commit by its version, with caches that are empty.
.PHONY: check-readme
check-readme: ## Do what the README says in an empty folder, with empty caches
	@.ci/readme

.PHONY: ci
ci: lint breaking check-generated check-api test test-allocs test-386 build cross build-all check-readme demo soak lab ## Everything that CI runs
	@$(MAKE) fuzz FUZZTIME=5000x
