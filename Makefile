# What a newcomer needs is `make test`; `make help` lists the rest.
SHELL := /bin/bash
GO ?= go
GOLANGCI_VERSION := v2.15.0
BIN := $(CURDIR)/.bin

# The race detector watches our code and all that shares memory with it, but not the
# inside of SQLite, which is a C program in Go's words, nor that of the password hash: it
# doubles the time of the tests there and has nothing of ours to find. Only packages
# without generics can be left out: of a generic function the linker keeps one copy.
UNWATCHED := modernc.org/sqlite/lib github.com/go-crypt/x/argon2 github.com/go-crypt/x/blake2b \
	golang.org/x/crypto/argon2 golang.org/x/crypto/blake2b
RACE := -race $(UNWATCHED:%=-gcflags=%=-race=false)

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

.PHONY: test
test: deps format vet lint ## install what the tests need, then check and test everything, long series in a short version
	$(GO) test $(RACE) -short -timeout 20m ./...

.PHONY: sweep
sweep: deps import-sweep ## the races, recipes, contexts and crashes of the sign-in and the import of many, all of them
	$(GO) test $(RACE) -timeout 60m ./provider/oidc
	$(GO) test $(RACE) -timeout 60m -run 'TestContexts|Crash|TestFuzz' ./cmd/sallyport

.PHONY: test-sdks
test-sdks: ## Auth0's SDKs against the running product; installs Node.js and fetches them; ARGS=--update
	@deploy/testdeps.sh sdks
	cd cmd/sdktest/go && $(GO) vet ./...
	$(GO) run ./cmd/sdktest $(ARGS)

.PHONY: import-sweep
import-sweep: ## the import of 100,000 people, stopped and resumed, with its memory and every code
	$(GO) test -timeout 60m -v -run TestRow63ImportOfMany ./cmd/sallyport

.PHONY: deps
deps: ## install Chromium and PostgreSQL where they are missing
	@deploy/testdeps.sh

.PHONY: format
format: ## fail where gofmt would change a file
	@files="$$(gofmt -l .)"; if [ -n "$$files" ]; then echo "run gofmt -w on:"; echo "$$files"; exit 1; fi

.PHONY: vet
vet: ## go vet
	$(GO) vet ./...

.PHONY: lint
lint: $(BIN)/golangci-lint-$(GOLANGCI_VERSION) ## golangci-lint, pinned, built once into .bin
	$(BIN)/golangci-lint-$(GOLANGCI_VERSION) run

$(BIN)/golangci-lint-$(GOLANGCI_VERSION):
	@echo "building golangci-lint $(GOLANGCI_VERSION) into .bin (once)"
	@GOBIN=$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv $(BIN)/golangci-lint $@

.PHONY: build
build: ## the release binary, static and stripped
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o .bin/sallyport ./cmd/sallyport

.PHONY: run
run: ## the provider with a demo application on this machine
	$(GO) run ./cmd/sallyport dev

.PHONY: bench
bench: ## throughput and CPU per operation beside the limits of this machine
	$(GO) run ./cmd/bench
