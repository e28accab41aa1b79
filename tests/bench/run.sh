#!/bin/bash
# Runs the benchmarks on this machine's engine and registry, with localjuju.
set -euo pipefail
cd "$(dirname "$0")/../.."
juju=${1:?usage: run.sh JUJU CHARM} charm=${2:?usage: run.sh JUJU CHARM}

make --no-print-directory build charm
tests/engine.sh up --tests
REGISTRY=$(tests/engine.sh registry)
export REGISTRY
tests/images/build.sh plain plain2
JUJU=$juju CHARM=$charm exec go test -tags bench -count=1 -v -timeout 60m ./tests/bench
