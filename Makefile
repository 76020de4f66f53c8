# `make run` and `make test` do all the set-up there is.

SWIFT ?= swift
SOURCES = Sources Adapters Tests Spec Examples Package.swift
.PHONY: run build test bench purity fuzz format lint setup clean

run: build
	@exec "$$($(SWIFT) build -c release --show-bin-path)/smtp" serve $(ARGUMENTS)

build: setup
	$(SWIFT) build -c release --product smtp

test: setup lint
	$(SWIFT) build --build-tests
	$(SWIFT) test
	Tests/Tidy/purity.sh

bench: setup
	$(SWIFT) build -c release --product benchmarks
	@"$$($(SWIFT) build -c release --show-bin-path)/benchmarks"
	@Tests/Benchmarks/instructions.sh

purity: setup
	Tests/Tidy/purity.sh

# Each fuzz target in turn: `make fuzz SECONDS=600 TARGET=session`.
fuzz: SECONDS ?= 30
fuzz: setup
	SECONDS_EACH=$(SECONDS) Tests/Fuzz/fuzz.sh run $(TARGET)

format:
	$(SWIFT) format format --in-place --parallel -r $(SOURCES)

lint:
	$(SWIFT) format lint --strict --parallel -r $(SOURCES)

# Installs what is missing, or says how where it may not.
setup:
	@command -v $(SWIFT) >/dev/null || { \
	  echo "make: no '$(SWIFT)': install Swift 6.3 from https://www.swift.org/install/linux/" >&2; exit 1; }
	@missing=; \
	command -v git >/dev/null || missing="$$missing git"; \
	[ -e /usr/include/stdio.h ] || missing="$$missing libc6-dev"; \
	[ -e /usr/include/uv.h ] || missing="$$missing libuv1-dev"; \
	[ -e /usr/include/openssl/ssl.h ] || missing="$$missing libssl-dev"; \
	ls /usr/lib/gcc/*/*/crtbeginS.o >/dev/null 2>&1 || missing="$$missing g++"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && apt-get install -qq -y --no-install-recommends $$missing; \
	else \
	  echo "make: first install what is missing: sudo apt-get install$$missing" >&2; exit 1; \
	fi

clean:
	rm -rf .build
