# What a newcomer needs: `make demo` and `make test`. Both install what is missing (Debian 12 and its kin;
# elsewhere they name it) and need Rust with cargo, nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# compiler and headers; GStreamer with what plays and shows; an X server without a screen for the tests; the second checker,
# and what holds the API to its description; a browser that speaks Vietnamese, and what drives it
PACKAGES := build-essential pkg-config libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev \
	gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad \
	gstreamer1.0-libav gstreamer1.0-x gstreamer1.0-alsa xvfb x11-utils fonts-dejavu-core procps python3 python3-venv \
	chromium chromium-driver chromium-l10n libfaketime

# 1, yes, … switch ONCE on; empty, 0 and no do not
once := $(filter-out 0 no,$(ONCE))
# the demonstration clears its directory, so a DIR of the environment is not taken for it
dir := $(if $(filter command line,$(origin DIR)),$(DIR))

.PHONY: help packages rust schemathesis axe test pilot pictures demo bench duckdb soak fuzz deny bless deb verifier

help:
	@echo "make demo      see the whole idea work, on this machine; Ctrl-C stops it"
	@echo "               ONCE=1 stops by itself, DIR=… PORT=… say where, ARGS='--lang en' goes to lichphat demo"
	@echo "make test      the whole suite, with its totals as the last line"
	@echo "make pilot     thirty days of a ward, a bus depot and an airport hall; the scored list is target/pilot/30-days/score.md,"
	@echo "               with pictures, report and what the verifier says beside it"
	@echo "make pictures  the pictures of the guide anew, from the stories in Chromium"
	@echo "make bench     the planner against the best plans known (EFFORT=quick|normal|thorough|trade|others), the ledger against a"
	@echo "               plain ratio, a fleet (SCREENS=20000), proofs taken in, kept and asked (beside DuckDB), the verifier, and what the"
	@echo "               screen showed, seen from outside (PLAYS=500, an hour)"
	@echo "make soak      every page in every way in Chromium; the real player over the sample clips for MINUTES=60: is every play complete,"
	@echo "               does the memory stay"
	@echo "make fuzz      every parser under libFuzzer, FUZZ_S=60 seconds each (part of soak)"
	@echo "make deny      licences, sources and known holes of everything that is built in (deny.toml; ADVISORIES=… a clone of RustSec's database)"
	@echo "make bless     after a change of the planner on purpose: write its golden plans anew, then look at the difference"
	@echo "make deb       Debian packages of both programs for this machine's architecture, in target/debian"
	@echo "make verifier  the auditor's program as one static file, target/lichphat-verify"
	@echo "make packages  only install what the others need"

packages:
	@if ! command -v dpkg-query >/dev/null; then \
		echo "This is not Debian: please see that these are here (Debian's names): $(PACKAGES)"; exit 0; \
	fi; \
	missing=(); \
	for p in $(PACKAGES); do \
		[ "$$(dpkg-query -W -f='$${db:Status-Status}' "$$p" 2>/dev/null || true)" = installed ] || missing+=("$$p"); \
	done; \
	if [ $${#missing[@]} = 0 ]; then echo "Packages: all here."; exit 0; fi; \
	as_root=(); \
	if [ "$$(id -u)" != 0 ]; then \
		command -v sudo >/dev/null || { echo "As root, please: apt-get install --no-install-recommends $${missing[*]}"; exit 1; }; \
		as_root=(sudo); \
	fi; \
	echo "Installing with apt, without recommends: $${missing[*]}"; \
	"$${as_root[@]}" apt-get -q -o DPkg::Lock::Timeout=300 update </dev/null; \
	"$${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
		install --no-install-recommends "$${missing[@]}" </dev/null

rust:
	@command -v cargo >/dev/null || { echo "Rust is missing: install it with cargo, rustfmt and clippy, version $$(sed -n 's/^rust-version = "\([^"]*\)".*/\1/p' Cargo.toml) or newer."; exit 1; }

# What holds the API to its description, in a place of its own, every file pinned by its hash. Where Python or PyPI cannot be had, the
# test says that it is left out.
ST := $${CARGO_TARGET_DIR:-target}/schemathesis
schemathesis:
	@pins=tests/abuse/schemathesis.txt; cmp -s $$pins $(ST)/pins.txt && exit 0; \
	rm -rf $(ST); \
	{ python3 -m venv $(ST) && $(ST)/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: \
		--require-hashes -r $$pins && cp $$pins $(ST)/pins.txt; } \
		|| { rm -rf $(ST); echo "schemathesis could not be set up from PyPI: the test of the API's description is left out."; }

# What finds in a page whatever keeps somebody from using it: axe-core (MPL 2.0, so it is no part of this tree), out of a wheel that is
# pinned by its hash. Where it cannot be had, the tests in Chromium say that they do without.
AXE := $${CARGO_TARGET_DIR:-target}/axe
axe:
	@pins=tests/browser/axe.txt; cmp -s $$pins $(AXE)/pins.txt && exit 0; \
	rm -rf $(AXE); \
	{ python3 -m venv $(AXE) && $(AXE)/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --no-deps \
		--require-hashes -r $$pins && cp $(AXE)/lib/python3*/site-packages/axe_playwright_python/axe.min.js $(AXE)/ \
		&& cp $$pins $(AXE)/pins.txt; } \
		|| { rm -rf $(AXE); echo "axe-core could not be set up from PyPI: what it finds in pages is left out."; }

# A directory for what tests write, which none of it outlives. In memory where there is room and programs may run: the server and
# the player wait for the disk at everything that they are to keep, and that is half of the time.
define test_dir
tmp="$$(mktemp -d -p /dev/shm lichphat-XXXXXX 2>/dev/null || mktemp -d)"; cp /bin/true "$$tmp/runs"; \
if ! "$$tmp/runs" 2>/dev/null || [ "$$(df --output=avail -BG "$$tmp" | tail -n 1 | tr -dc 0-9)" -lt 4 ]; then \
	rm -rf "$$tmp"; tmp="$$(mktemp -d)"; \
fi; \
trap 'rm -rf "$$tmp" || true' EXIT; export TMPDIR="$$tmp"
endef

# The program that sets paper is found on the PATH. `tee` leaves the log and passes every line on at once; cargo's exit code is the one that counts.
test: packages rust schemathesis axe
	@mkdir -p target; echo "Building and running every test; the log is target/test.log"; \
	code=0; st="$$(realpath -q $(ST)/bin/st || true)"; axe="$$(realpath -q $(AXE)/axe.min.js || true)"; \
	debug="$$(realpath -m "$${CARGO_TARGET_DIR:-target}")/debug"; \
	$(test_dir); \
	PATH="$$debug:$$PATH" SCHEMATHESIS="$$st" AXE="$$axe" cargo test --workspace --locked --no-fail-fast | tee target/test.log || code=$$?; \
	awk '/^test result:/ { suites++; passed += $$4; failed += $$6; ignored += $$8 } \
		END { printf "test result: %s. %d passed; %d failed; %d ignored; %d suites\n", \
			('$$code' == 0 ? "ok" : "FAILED"), passed, failed, ignored, suites }' target/test.log; \
	exit $$code

# What the pages show, the paper and the verifier's words lie beside the list.
pilot: packages rust
	cargo build --release --locked -p lichphat-verify -p lichphat-paper -p lichphat-player
	release="$$(realpath -m "$${CARGO_TARGET_DIR:-target}")/release"; \
	PATH="$$release:$$PATH" PILOT=full cargo test --release --locked -p lichphat --test pilot -- --nocapture

# The stories take them as they go; look at the difference before it is committed.
pictures: packages rust
	cargo test --locked -p lichphat --test browser stories
	cp -r "$${CARGO_TARGET_DIR:-target}"/browser/guide/. docs/guide/
	du -sh docs/guide

# The last line is `exec`: Ctrl-C reaches the demonstration itself, which then stops in order.
demo: packages rust
	@echo "Building the release programs (minutes the first time, seconds later)"; \
	cargo build --release --locked --workspace --bins; \
	exec "$${CARGO_TARGET_DIR:-target}"/release/lichphat demo $(if $(once),--once) $(if $(dir),--dir "$(dir)") $(if $(PORT),--port "$(PORT)") $(ARGS)

# all of them; `make bench EFFORT=quick` makes one table
EFFORT ?=
SCREENS ?= 20000
PLAYS ?= 500
bench: packages rust duckdb
	@printf 'lichphat %s, %s\n%s cores of %s, %s MiB\n\n' "$$(git describe --always --dirty 2>/dev/null || echo unversioned)" "$$(date -u +%FT%TZ)" \
		"$$(nproc)" "$$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$$(awk '/^MemTotal/ { print int($$2 / 1024) }' /proc/meminfo)"
	cargo bench --locked -p lichphat-playlists --bench dayplan -- $(EFFORT)
	cargo bench --locked -p lichphat --bench pacing
	cargo bench --locked -p lichphat --bench fleet -- $(SCREENS)
	cargo bench --locked -p lichphat --bench pages -- $(SCREENS)
	cargo bench --locked -p lichphat --bench proof
	cargo bench --locked -p lichphat-verify --bench verify
	PLAYS=$(PLAYS) cargo bench --locked -p lichphat-player --bench screen

# What compliance is held against, in a place of its own. Where Python or PyPI cannot be had, the bench says that it is left out.
duckdb:
	@place="$${CARGO_TARGET_DIR:-target}/duckdb"; \
	"$$place/bin/python" -c 'import duckdb' 2>/dev/null \
		|| { python3 -m venv "$$place" && "$$place/bin/python" -m pip install --quiet duckdb; } \
		|| echo "DuckDB could not be set up from PyPI: its line of the bench is left out."

# The real player on an X server of its own: a play that is neither complete nor the last one, cut by the end, makes this fail.
MINUTES ?= 60
soak: packages rust schemathesis axe
	LOOKS=all AXE="$$(realpath -q $(AXE)/axe.min.js || true)" cargo test --locked -p lichphat --test browser pages
	LICHPHAT_CUTS=200 cargo test --locked -p lichphat-player --test faults
	LICHPHAT_KILLS=200 cargo test --locked -p lichphat-player --test run killed_at_any_moment
	MINUTES=$(MINUTES) cargo bench --locked -p lichphat-player --bench screen -- soak
	SCHEMATHESIS="$$(realpath -q $(ST)/bin/st || true)" EXAMPLES=2000 cargo test --locked -p lichphat --test abuse not_described
	$(MAKE) fuzz
	$(MAKE) deny

# Stable Rust knows LLVM's coverage for libFuzzer; sanitizers it does not. What is found lies in fuzz/artifacts/.
FUZZ_S ?= 60
FUZZ_FLAGS := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1
fuzz: packages rust
	@triple="$$(rustc -vV | sed -n 's/^host: //p')"; \
	RUSTFLAGS="$(FUZZ_FLAGS)" cargo build --release --bins --manifest-path fuzz/Cargo.toml \
		--target "$$triple" --target-dir target/fuzz; \
	for program in fuzz/fuzz_targets/*.rs; do \
		name="$$(basename "$$program" .rs)"; mkdir -p "fuzz/corpus/$$name" "fuzz/artifacts/$$name"; \
		echo "fuzz: $$name for $(FUZZ_S) seconds"; \
		"target/fuzz/$$triple/release/$$name" -max_total_time=$(FUZZ_S) -timeout=20 -max_len=16384 -verbosity=0 \
			-print_funcs=0 -print_final_stats=1 -artifact_prefix="fuzz/artifacts/$$name/" "fuzz/corpus/$$name"; \
	done

# cargo-deny is a tool, not a dependency: it is built once, below target/. It looks for advisories in the directory that its own default
# address stands for, so a clone that was brought by hand lies there under that name; without one it fetches.
CARGO_DENY := 0.20
DENY_DB := target/advisories/advisory-db-3157b0e258782691
deny: rust
	@command -v target/tools/bin/cargo-deny >/dev/null || cargo install --quiet --locked --root target/tools cargo-deny@^$(CARGO_DENY); \
	target/tools/bin/cargo-deny check licenses bans sources; \
	if [ -n "$(ADVISORIES)" ]; then \
		rm -rf $(DENY_DB); git clone --quiet "$(ADVISORIES)" $(DENY_DB); \
		target/tools/bin/cargo-deny --offline check advisories; \
	else \
		target/tools/bin/cargo-deny check advisories \
			|| { [ ! -d $(DENY_DB) ] && echo "The database of advisories could not be had: its part is left out (ADVISORIES=DIRECTORY)."; }; \
	fi

# cargo-deb is a tool, not a dependency: it is built once, below target/
CARGO_DEB := 3
deb: packages rust
	@command -v target/tools/bin/cargo-deb >/dev/null || cargo install --quiet --locked --root target/tools cargo-deb@^$(CARGO_DEB); \
	cargo build --release --locked --workspace --bins; \
	for package in lichphat lichphat-player; do target/tools/bin/cargo-deb --quiet --no-build --locked --strip -p $$package; done; \
	ls -l target/debian/*.deb

bless: rust
	INSTA_UPDATE=always cargo test --locked -p lichphat-playlists --test golden --test laws --test proofs

# One file that needs nothing of the machine it is carried to. A target of its own keeps the flags from the other builds.
verifier: rust
	triple=$$(rustc -vV | sed -n 's/^host: //p'); \
	RUSTFLAGS="-C target-feature=+crt-static -C strip=symbols" cargo build --release --locked -p lichphat-verify --target "$$triple"; \
	install -D "$${CARGO_TARGET_DIR:-target}/$$triple/release/lichphat-verify" target/lichphat-verify; \
	ls -l target/lichphat-verify
