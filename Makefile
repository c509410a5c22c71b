# Everything a fresh clone needs: `make test`, `make demo`, `make bench`.
# Tools of its own are installed into .venv and target/; nothing outside the repository is touched,
# but for Debian packages when root finds a compiler missing.

SHELL := /bin/bash -eu -o pipefail
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One release build serves the Python package, the demo and the benchmarks.
CARGO := cargo
export CARGO_TERM_COLOR ?= never
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## Show what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

.PHONY: tools
tools: ## Check for the tools that cannot be installed here, install the others
	@scripts/tools.sh

$(BIN)/python: requirements-dev.txt | tools
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet -r requirements-dev.txt
	@touch $@

.PHONY: sink
sink: tools ## Build the test sink, a small real server
	$(CARGO) build --quiet --release -p faultwire-sink

DASHBOARD := server/dashboard
DASHBOARD_MODULES := $(DASHBOARD)/node_modules/.package-lock.json

$(DASHBOARD_MODULES): $(DASHBOARD)/package.json $(DASHBOARD)/package-lock.json | tools
	cd $(DASHBOARD) && npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@

DASHBOARD_SOURCES := $(shell find $(DASHBOARD)/src $(DASHBOARD)/public $(DASHBOARD)/scripts -type f ! -name schema.d.ts) \
	$(addprefix $(DASHBOARD)/,index.html openapi.json package.json vite.config.ts tsconfig.json)

$(DASHBOARD)/dist/index.html: $(DASHBOARD_MODULES) $(DASHBOARD_SOURCES)
	cd $(DASHBOARD) && npm run --silent build
	@touch $@

.PHONY: dashboard
dashboard: $(DASHBOARD)/dist/index.html ## Build the web pages of the tracker

.PHONY: server
server: tools dashboard ## Build the tracker, with its pages: one binary
	$(CARGO) build --quiet --release -p faultwire-server

.PHONY: python
python: $(BIN)/python ## Build the Python package into .venv
	cd sdk-python && PIP_QUIET=1 VIRTUAL_ENV=$(abspath $(VENV)) $(abspath $(BIN))/maturin develop --release --quiet

NODE_PACKAGE := sdk-node
NODE_MODULES := $(NODE_PACKAGE)/node_modules/.package-lock.json

$(NODE_MODULES): $(NODE_PACKAGE)/package.json $(NODE_PACKAGE)/package-lock.json | tools
	cd $(NODE_PACKAGE) && npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@

.PHONY: node
node: tools $(NODE_MODULES) ## Build the Node package and its addon
	$(CARGO) build --quiet --profile node -p faultwire-napi
	cd $(NODE_PACKAGE) && node scripts/addon.mjs && node scripts/build.mjs

.PHONY: bridge
bridge: tools ## Build the bridge to Kotlin and Swift, and what is generated of it
	scripts/bridge.sh

KOTLIN := bindings/uniffi/kotlin
# A server that does not answer is asked again, not waited for.
MVN := mvn --quiet --batch-mode --no-transfer-progress -Dmaven.wagon.rto=60000 -Dmaven.wagon.http.retryHandler.count=3 \
	-Daether.connector.requestTimeout=60000

# Its artifacts go to the machine's own Maven repository, where examples and applications find them.
KOTLIN_DONE := target/bridge/.kotlin
KOTLIN_SOURCES := $(shell find $(KOTLIN) -name target -prune -o -type f -print)

$(KOTLIN_DONE): $(KOTLIN_SOURCES) target/bridge/.done
	$(MVN) -f $(KOTLIN)/pom.xml install -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false
	@touch $@

target/bridge/.done: bridge ;

.PHONY: jdk
jdk:
	@scripts/tools.sh javac:default-jdk-headless mvn:maven

.PHONY: kotlin
kotlin: jdk $(KOTLIN_DONE) ## Build the artifacts for Kotlin and Java

.PHONY: test-kotlin
test-kotlin: jdk bridge sink ## Kotlin and Java tests against the real engine and the real sink
	$(MVN) -f $(KOTLIN)/pom.xml install
	@touch $(KOTLIN_DONE)

SWIFT := bindings/uniffi/swift
# The engine is found where it was built.
SWIFT_LINK := -Xlinker -L$(abspath target/release) -Xlinker -rpath=$(abspath target/release)

.PHONY: swift
swift: bridge ## Build the Swift package; without a Swift, with Debian's, unpacked outside the repository
	$(SWIFT)/prepare.sh
	scripts/swift.sh swift build --quiet --package-path $(abspath $(SWIFT)) $(SWIFT_LINK)

.PHONY: test-swift
test-swift: bridge sink ## Swift tests against the real engine and the real sink
	$(SWIFT)/prepare.sh
	scripts/swift.sh swift test --quiet --package-path $(abspath $(SWIFT)) $(SWIFT_LINK)

EXAMPLES_MODULES := examples/node/node_modules/.package-lock.json

$(EXAMPLES_MODULES): examples/node/package.json examples/node/package-lock.json | tools
	cd examples/node && npm ci --silent --no-audit --no-fund
	@touch $@

.PHONY: examples
examples: node $(EXAMPLES_MODULES) ## Install what the Node examples need

.PHONY: lint
lint: tools $(BIN)/python $(NODE_MODULES) $(DASHBOARD_MODULES) ## Formatters, linters and type checkers
	$(CARGO) fmt --check
	$(CARGO) clippy --quiet --workspace --all-targets -- -D warnings
	$(CARGO) clippy --quiet -p faultwire --no-default-features -- -D warnings
	$(BIN)/ruff check sdk-python examples tests scripts bench
	$(BIN)/ruff format --check sdk-python examples tests scripts bench
	cd sdk-python && ../$(BIN)/mypy
	$(NODE_PACKAGE)/node_modules/.bin/biome ci --colors=off --error-on-warnings
	cd $(NODE_PACKAGE) && node_modules/.bin/tsc --noEmit
	cd $(DASHBOARD) && npm run --silent check

.PHONY: test-rust
test-rust: sink ## Rust tests, the shared vectors among them
	# Apart, since the server's tests bring features of libraries that the engine is shipped without.
	$(CARGO) test --quiet --workspace --exclude faultwire-server
	$(CARGO) test --quiet -p faultwire-server

.PHONY: test-python
test-python: python sink ## Python tests against the real engine and the real sink
	$(BIN)/python -m pytest -q sdk-python/tests
	$(BIN)/python -m pytest -q tests --ignore tests/server --ignore tests/conformance/test_conformance.py
	scripts/test_pythons.sh

.PHONY: test-server
test-server: server python node ## The tracker as a process, over HTTP: kills, bad input, official SDKs
	$(BIN)/python -m pytest -q -n 2 tests/server

# $CHROMIUM names a browser that is somewhere else.
CHECK_BROWSER := [ -n "$${CHROMIUM:-}" ] || scripts/tools.sh chromium

.PHONY: test-dashboard
test-dashboard: server python node ## The pages in a browser, against the tracker, with events of the real SDKs
	@$(CHECK_BROWSER)
	cd $(DASHBOARD) && npm run --silent test

.PHONY: test-node
test-node: node examples sink ## Node tests against the real engine and the real sink
	cd $(NODE_PACKAGE) && node --test --test-concurrency=2 tests/*.test.mjs

.PHONY: test-package
test-package: node sink ## Pack the npm packages, install them in empty projects, send events
	cd $(NODE_PACKAGE) && node --test tests/package/*.test.mjs

.PHONY: test-wheel
test-wheel: $(BIN)/python sink ## Build the wheels, install them in clean environments, send an event
	scripts/test_wheels.sh

# Two stages at a time, for most of what a stage does is to wait: those of one lane compile much, those of the other run
# processes. What measures the pages in a browser has the machine for itself.
LANE_1 := lint test-rust test-kotlin test-swift test-conformance test-examples
LANE_2 := test-python test-node test-server test-wheel test-package
LAST := test-dashboard demo-check

.PHONY: test
# With these at hand what comes first in a lane is started first.
test: $(BIN)/python $(NODE_MODULES) $(DASHBOARD_MODULES) ## All tests
	+@$(MAKE) --no-print-directory --jobs=2 --output-sync=target IN_LANES=yes all-tests

.PHONY: all-tests
all-tests: $(LANE_1) $(LANE_2) $(LAST)
	FAULTWIRE_ALL_LANGUAGES=1 scripts/parity.py --check
	@echo "all tests passed"

ifdef IN_LANES
# Each stage of a lane waits for the one before: `$(call in_order,a b c)` is `b: | a` and `c: | b`.
after = $(eval $(2): | $(1))
in_order = $(if $(word 2,$(1)),$(call after,$(firstword $(1)),$(word 2,$(1)))$(call in_order,$(wordlist 2,99,$(1))))
$(call in_order,$(LANE_1) test-dashboard)
$(call in_order,$(LANE_2) $(LAST))
# Compilers and test runners have jobs of their own.
unexport MAKEFLAGS MFLAGS
# What builds in a folder waits for what builds, checks or tests there, and one at a time installs packages.
$(KOTLIN_DONE): | test-kotlin
example-swift conformance-drivers: | test-swift
examples-there: | test-examples
$(DASHBOARD)/dist/index.html: | lint
jdk: | tools
endif

.PHONY: demo
demo: python examples example-rust examples-there server ## Run the example apps against the tracker, and show its dashboard
	$(BIN)/python examples/demo

.PHONY: screenshots
screenshots: python examples example-rust examples-there server ## Take the pictures of the docs from the demo
	@$(CHECK_BROWSER)
	node $(DASHBOARD)/scripts/screenshots.mjs

.PHONY: demo-check
demo-check: python examples example-rust examples-there server
	$(BIN)/python examples/demo --check

.PHONY: example-rust
example-rust: tools
	$(CARGO) build --quiet --release -p faultwire-example

.PHONY: conformance-drivers
conformance-drivers: sink python node kotlin
	$(CARGO) build --quiet --release -p faultwire-conformance
	$(MVN) -f tests/conformance/drivers/kotlin/pom.xml package
	tests/conformance/drivers/swift/build.sh

.PHONY: test-conformance
test-conformance: conformance-drivers ## The same scenarios in five languages, against a real server
	FAULTWIRE_ALL_LANGUAGES=1 $(BIN)/python -m pytest -q tests/conformance

.PHONY: test-examples
test-examples: sink python kotlin example-swift ## The examples in Swift and Kotlin
	$(MVN) -f examples/kotlin/shop/pom.xml package
	$(BIN)/python -m pytest -q examples/swift

.PHONY: parity
parity: ## Write docs/parity.md from what the tests ran
	scripts/parity.py --write

.PHONY: example-kotlin
example-kotlin: kotlin
	$(MVN) -f examples/kotlin/orders/pom.xml package
	$(MVN) -f examples/kotlin/shop/pom.xml package -DskipTests

.PHONY: example-swift
example-swift: bridge
	$(SWIFT)/prepare.sh
	scripts/swift.sh swift build --quiet --package-path $(abspath examples/swift/shop) $(SWIFT_LINK)

# Those of languages whose toolchain is there: a demo is not to download one.
.PHONY: examples-there
examples-there:
	@if [[ $$(command -v javac) && $$(command -v mvn) ]]; then $(MAKE) --no-print-directory IN_LANES= example-kotlin; fi
	@if scripts/swift.sh --is-there; then $(MAKE) --no-print-directory IN_LANES= example-swift; fi

.PHONY: bench
bench: python node sink bridge ## Benchmarks against the leading SDKs, as ratios in one run
	$(BIN)/python bench/run.py

.PHONY: bench-swift
bench-swift: bridge ## What a capture costs in Swift: time and allocations
	$(SWIFT)/prepare.sh
	$(SWIFT)/Bench/run.sh

.PHONY: bench-server
bench-server: $(BIN)/python server ## What the tracker takes: events a second, CPU, memory, disk, times of its lists
	$(CARGO) build --quiet --release -p faultwire-server --example floor
	$(BIN)/python bench/server/run.py

.PHONY: bench-dashboard
bench-dashboard: server $(DASHBOARD_MODULES) ## How quick the pages are with ten thousand issues, under load, in a storm
	@$(CHECK_BROWSER)
	cd $(DASHBOARD) && FAULTWIRE_OFTEN=100000 node --test tests/many.test.mjs

TORTURES := tests/processes/test_lives.py tests/processes/test_prefork.py tests/processes/test_crashes.py \
	tests/processes/test_crash_kills.py

.PHONY: torture
torture: python sink server ## A thousand kills, hundreds of forks, every crash; prints what arrived
	FAULTWIRE_TORTURE=1 $(BIN)/python -m pytest -q $(wildcard $(TORTURES))
	FAULTWIRE_TORTURE=1 $(BIN)/python -m pytest -q tests/server/test_kill.py tests/server/test_upgrade.py

# One of fuzz/targets, all by default; seconds for each.
TARGET ?=
FUZZ_SECONDS ?= 30

.PHONY: fuzz
fuzz: ## Search for inputs that break a property: TARGET=sanitizer FUZZ_SECONDS=600
	PYTHON=$(PYTHON) scripts/fuzz.sh $(FUZZ_SECONDS) $(TARGET)

.PHONY: docs
docs: tools ## Write the generated parts of docs/
	FAULTWIRE_WRITE_DOCS=1 $(CARGO) test --quiet -p faultwire --test options

.PHONY: openapi
openapi: tools ## Write the document of the API that the dashboard is built against
	FAULTWIRE_WRITE=1 $(CARGO) test --quiet -p faultwire-server --test api -- the_file_is_the_document

.PHONY: clean
clean: ## Remove everything that was built
	rm -rf target fuzz/corpus fuzz/artifacts $(VENV) .bench dist $(NODE_PACKAGE)/{dist,npm,node_modules} $(NODE_PACKAGE)/*.node examples/node/node_modules \
		$(DASHBOARD)/{dist,node_modules}
