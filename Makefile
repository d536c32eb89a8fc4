# The contributor's door. `make help` lists what there is.

GO   ?= go
PORT ?= 8080

.DEFAULT_GOAL := help
.PHONY: conversation e2e-upstream helm load help run build release site test test-go test-store test-site test-browser bench clean prerequisites browser etcd

help:
	@echo "make run    build everything and serve the page on http://127.0.0.1:$(PORT) (PORT=… changes it)"
	@echo "make test   run every test, in the browser too (gets Chromium where it may)"
	@echo "make conversation KUBECTL=/path/to/kubectl"
	@echo "            have a real kubectl v1.36 talk to our server, and compare with what it said to a real one"
	@echo "make e2e-upstream E2E=/path/to/e2e.test"
	@echo "            run Kubernetes' own end-to-end tests against our server, and write down how they went"
	@echo "make helm HELM=/path/to/helm"
	@echo "            have Helm 3 install, change, roll back and remove a chart on our server"
	@echo "make load BIN=/folder/with/kube-apiserver/etcd"
	@echo "            measure 50 clients and 200 watches on our server, in memory and with --data, and on those (FOR=10s each)"
	@echo "make bench  measure 100, 1,000 and 10,000 pods, natively and in the tab"
	@echo "make build  build the command with the page in it: .build/tabernetes"
	@echo "make release"
	@echo "            the archives of a release, for every platform and for static hosts: .build/release"
	@echo "make clean  remove everything that was built"
	@echo "make parity BIN=/folder/with/kube-apiserver/etcd/kwok/..."
	@echo "            record anew what a real control plane does in the scenarios of core/parity"
	@echo "make mutants"
	@echo "            plant faults in controllers, scheduler and kubelet, and see which checks notice (long)"
	@echo "make simulate SEEDS=10000"
	@echo "            live through that many worlds of every kind of trouble"

run: site
	@cd site && PORT=$(PORT) npm run --silent serve

build: site
	$(GO) build -tags page -o .build/tabernetes ./cmd/tabernetes

release: site
	@cd site && npm run --silent release -- $(PLATFORMS)

site: site/node_modules/.package-lock.json
	@cd site && npm run --silent engine && npm run --silent build

site/node_modules/.package-lock.json: site/package.json site/package-lock.json | prerequisites
	@echo "getting the page's packages ..."
	@cd site && npm ci --no-progress
	@touch $@

# Tests, quickest first, each group with a line of its own.
test: test-go test-store test-site test-browser
	@echo "all tests passed"

test-go: prerequisites etcd
	@echo "== Go: vet and tests"
	$(GO) vet ./...
	GOOS=js GOARCH=wasm $(GO) vet ./wasm/... ./core/store/indexeddb/...
	$(GO) test ./...

test-store: site/node_modules/.package-lock.json
	@echo "== the browser's store, under Node"
	core/store/indexeddb/test.sh

test-site: site
	@echo "== the page: unit tests"
	@cd site && npm test --silent

test-browser: site browser
	@echo "== the page in Chromium"
	@cd site && npm run --silent e2e

conversation:
	@echo "== the real kubectl, as it spoke to a real control plane (KUBECTL=$(KUBECTL))"
	KUBECTL=$(KUBECTL) $(GO) test -tags conversation -count 1 -v -run TestConversations -timeout 30m ./core/apiserver/edge

helm:
	HELM=$(HELM) $(GO) test -tags helm -count 1 -v -run TestHelm ./core/apiserver/edge

FOR ?= 10s
load:
	$(GO) build -o .build/tabernetes ./cmd/tabernetes
	@cd core/apiserver/edge/testdata/clients && $(GO) run . -beside $(CURDIR)/.build/tabernetes -bin '$(BIN)' -for $(FOR)

e2e-upstream:
	$(GO) build -o .build/tabernetes ./cmd/tabernetes
	$(GO) run ./core/apiserver/edge/testdata/upstream -e2e $(E2E) > .build/e2e.md && mv .build/e2e.md core/apiserver/edge/e2e.md

bench: site browser
	$(GO) test -run '^$$' -bench 'Scale' -benchtime 1x ./core/cluster
	@cd site && npm run --silent bench

prerequisites:
	@.ci/prerequisites

browser:
	@.ci/prerequisites browser

etcd:
	@.ci/prerequisites etcd

clean:
	rm -rf .build site/build site/dist site/node_modules

.PHONY: parity simulate mutants
parity:
	@echo "== what a real control plane does (BIN=$(BIN))"
	cd core/parity/testdata/record && $(GO) run . -bin "$$(cd $(CURDIR) && realpath $(BIN))" -only '$(ONLY)' $(if $(FRESH),-fresh) $(if $(MORE),-more) $(if $(RUNS),-runs $(RUNS)) ..
	$(GO) test ./core/parity -run Table -table
	$(GO) test ./core/parity

mutants:
	@echo "== faults, and who notices"
	cd core/parity/testdata/mutants && $(GO) run . -only '$(ONLY)' ../../MUTANTS.md

SEEDS ?= 10000
FROM ?= 1
simulate:
	@echo "== $(SEEDS) worlds with every kind of trouble, from seed $(FROM) on"
	GOGC=400 TABERNETES_SEED=$(FROM) TABERNETES_SEEDS=$(SEEDS) $(GO) test -count 1 -v -run TestWorlds -timeout 12h ./core/cluster
