# Two commands matter: make demo, make test. `make help` lists the rest.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# Flags are the same for building and testing, so that Kubernetes is compiled once.
GO        ?= go
BIN       := $(CURDIR)/bin
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT    := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
KUBE      := v1.36.3
TOOL      := $(GO) tool -modfile=go.tools.mod
HISTORIES ?= 2000
SEED      ?= 0
GATEWAY   ?= 127.0.0.1:8080

KUBE_FLAGS := -s -w \
	-X k8s.io/component-base/version.gitVersion=$(KUBE) \
	-X k8s.io/component-base/version.gitMajor=1 \
	-X k8s.io/component-base/version.gitMinor=36 \
	-X k8s.io/component-base/version.gitCommit=$(COMMIT) \
	-X k8s.io/component-base/version.gitTreeState=clean

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: demo
demo: build ## play a canary that succeeds and one that is aborted, with real requests, then exit
	$(BIN)/serin-local demo

.PHONY: up
up: build ## start a cluster on this machine and stay; Ctrl-C stops it
	$(BIN)/serin-local up --dir .serin --api 127.0.0.1:0 --gateway $(GATEWAY) --prometheus 127.0.0.1:0 --dashboard 127.0.0.1:3100

.PHONY: build
build: ## build the programs into bin/
	@mkdir -p $(BIN)
	@echo "building serin-controller and serin"
	@$(GO) build -ldflags "-s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)" -o $(BIN)/serin-controller ./cmd/controller
	@$(GO) build -ldflags "-s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)" -o $(BIN)/serin ./cmd/serin
	@ln -sf serin $(BIN)/kubectl-argo-rollouts
	@echo "building serin-local (Kubernetes itself is linked in: about 6 minutes the first time, seconds later)"
	@cd localcluster && $(GO) build -ldflags "$(KUBE_FLAGS)" -o $(BIN)/serin-local . & pid=$$!; \
	  while kill -0 $$pid 2>/dev/null; do for i in $$(seq 30); do sleep 1; kill -0 $$pid 2>/dev/null || break; done; \
	  kill -0 $$pid 2>/dev/null && echo "  … still building"; done; wait $$pid

.PHONY: test
test: lint unit e2e ## run every test

.PHONY: unit
unit: ## unit, property and architecture tests of both modules
	$(GO) test $$($(GO) list ./... | grep -v -e /internal/sim$$ -e /test/e2e -e /test/conformance)
	$(GO) test ./internal/sim -histories=$(HISTORIES) -seed=$(SEED)
	$(GO) test ./test/conformance -skip OnACluster
	cd localcluster && $(GO) test ./...

.PHONY: e2e
e2e: build server ## the stories on a real API server with real requests
	SERIN_LOCAL_REQUIRED=1 $(GO) test -count=1 -p 1 -timeout 40m ./test/e2e/... ./test/conformance/...

.PHONY: server
server: build ## what talks to an API server, on a real one
	$(GO) run ./test/oncluster $(GO) test -count=1 -p 1 ./internal/kube/... ./internal/provider/job/... ./internal/controller/...
	$(GO) run ./test/oncluster $(GO) -C localcluster test -count=1 -p 1 ./node ./gateway

.PHONY: lint
lint: ## gofmt, vet and the linters
	@test -z "$$(gofmt -l api cmd config internal localcluster test | tee /dev/stderr)"
	$(GO) vet ./...
	cd localcluster && $(GO) vet ./...
	$(TOOL) golangci-lint run --allow-parallel-runners ./...

.PHONY: soak
soak: ## 100,000 seeded histories in the simulator
	$(GO) test -count=1 -timeout 60m ./internal/sim -run TestHistories -v -histories=100000 -seed=$(SEED)

.PHONY: bench
bench: build ## micro-benchmarks, then a burst of rollouts against the same number of Deployments
	$(GO) test -run '^$$' -bench . -benchmem ./internal/spec ./internal/core/... ./internal/router/...
	$(GO) run ./test/scale

.PHONY: generate
generate: ## deep copies and CRDs
	$(TOOL) controller-gen object paths=./api/...
	$(GO) generate ./config/...

.PHONY: clean
clean: ## remove what was built and the local cluster's state
	rm -rf bin .serin
