#!/bin/bash
# Runs the benchmarks on this machine's engine and registry, with localjuju, and for
# Spark's driver on a cluster of their own, in the network CLUSTER_SUBNET (10.97.0).
# DRIVER_RUNS (3) is how often a driver runs each way: more where the machine is busy.
set -euo pipefail
cd "$(dirname "$0")/../.."
juju=${1:?usage: run.sh JUJU CHARM} charm=${2:?usage: run.sh JUJU CHARM}

make --no-print-directory build charm
dev/engine.sh up --tests
REGISTRY=$(dev/engine.sh registry)
export REGISTRY
tests/images/build.sh plain plain2 notebook
export CLUSTER_NAME=bench CLUSTER_SUBNET=${CLUSTER_SUBNET:-10.97.0}
trap 'tests/clusters/cluster.sh down' EXIT
JUJU=$juju CHARM=$charm go test -tags bench -count=1 -v -timeout 60m ./tests/bench
