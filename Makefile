# Every target, with what it leaves; `make` alone prints them.

ARCH       ?= $(shell go env GOARCH)
CHARM_FILE := jupyter-docker_$(ARCH).charm
# The bytes depend on the sources and the toolchain alone: no paths, no state of
# the work tree. The build id stays: it names the gateway by what it is made of.
BUILD_GO   := CGO_ENABLED=0 GOOS=linux go build -trimpath -buildvcs=false -ldflags "-s -w"

# What the stories run against. With JUJU=juju they run on a real controller,
# and REGISTRY is then one that its machines reach; ours by default.
JUJU     ?= $(CURDIR)/bin/localjuju
CHARM    ?= $(CURDIR)/$(CHARM_FILE)
REGISTRY ?=
# 29 for a Docker Engine 29 that is built and started for them, beside the machine's own.
ENGINE   ?=
# A pattern of `go test -run`, and the longest that all stories may take.
RUN      ?= .
TIMEOUT  ?= 60m
# Tests with a tag are checked along with the rest.
TAGS     := integration,bench,clusters
# The story that takes the pictures, and what a small cluster is made of.
PICTURED := TestBrowserComputesThroughARefusal
CLUSTER  ?= standalone
GO_FILES  = $(shell find . -name '.?*' -prune -o -name '*.go' -print)

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@latest

.DEFAULT_GOAL := help
.PHONY: help build test test-clusters format checkformat lint unit integration charm images run cluster pictures bench clean vuln

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the hook program and localjuju, in bin/
	$(BUILD_GO) -o bin/jupyter-docker ./hooks
	cd localjuju && $(BUILD_GO) -o ../bin/localjuju .

test: checkformat lint unit integration ## everything: format and vet checks, lint, unit tests, stories

format: ## formats the Go sources
	gofmt -w $(GO_FILES)

checkformat:
	@test -z "$$(gofmt -l $(GO_FILES))" || { echo 'cannot pass: make format would change' $$(gofmt -l $(GO_FILES)); exit 1; }

lint: checkformat ## gofmt, go vet, staticcheck, shellcheck, ruff, and the linters of charms
	rm -f .cache/lint/unchecked
	go vet ./...
	go vet -tags $(TAGS) ./...
	cd localjuju && go vet ./...
	go run $(STATICCHECK) -tags $(TAGS) ./...
	cd localjuju && go run $(STATICCHECK) ./...
	tests/lint/scripts.sh
	tests/lint/python.sh
	$(MAKE) --no-print-directory charm
	tests/lint/charm.sh $(CHARM_FILE)
	tests/lint/unchecked.sh

unit: ## the tests that need no engine
	go test -count=1 ./...
	cd localjuju && go test -count=1 ./...

integration: ## the stories, on a real engine and registry: JUJU= CHARM= REGISTRY= RUN= TIMEOUT= ENGINE=29
	tests/integration.sh integration "$(JUJU)" "$(CHARM)" "$(REGISTRY)" "$(RUN)" "$(TIMEOUT)" "$(ENGINE)"

test-clusters: ## the stories on real clusters and the other images, which take longer: JUJU= CHARM= REGISTRY= RUN= TIMEOUT=
	tests/integration.sh clusters "$(JUJU)" "$(CHARM)" "$(REGISTRY)" "$(RUN)" "$(TIMEOUT)"

charm: ## the packed charm, jupyter-docker_$(ARCH).charm: ARCH=amd64 or arm64
	GOARCH=$(ARCH) $(BUILD_GO) -o .cache/charm/$(ARCH)/dispatch ./hooks
	go run ./tools/pack -arch $(ARCH) -program .cache/charm/$(ARCH)/dispatch -out $(CHARM_FILE)

images: ## the notebook and executor images: SPARK_VERSION= HADOOP_VERSION= S3A= BASE_IMAGE= REQUIREMENTS=, or MATRIX=all
	$(if $(MATRIX),images/matrix.sh $(MATRIX),images/build.sh)

run: ## from nothing to a served notebook on this machine, as root: JUPYTER_IMAGE=
	dev/run.sh

pictures: ## the pictures of the README, as the browser of a story sees them
	mkdir -p .cache/pictures docs/pictures
	SCREENSHOTS=$(CURDIR)/.cache/pictures $(MAKE) --no-print-directory integration RUN=$(PICTURED)
	cp .cache/pictures/$(PICTURED)-notebook.png docs/pictures/notebook.png
	cp .cache/pictures/$(PICTURED)-refused.png docs/pictures/refused.png

cluster: ## a small Spark cluster beside the notebook, which make clean takes away: CLUSTER="standalone yarn connect s3", any of them
	tests/clusters/cluster.sh up $(CLUSTER)

bench: ## what a hook, a switch, a deploy and a driver in a container cost, beside other ways: DRIVER_RUNS=
	tests/bench/run.sh "$(JUJU)" "$(CHARM)"

vuln: ## known vulnerabilities in what we import; needs the vulnerability database
	go run $(GOVULNCHECK) ./...
	cd localjuju && go run $(GOVULNCHECK) ./...

clean: ## takes away what make run and the builds made, and nothing else
	dev/clean.sh
	rm -rf bin .cache jupyter-docker_*.charm
