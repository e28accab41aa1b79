#!/bin/bash
# Runs the stories against a juju command, a packed charm and a registry; with
# localjuju, makes sure of the engine and the registry of this machine first.
set -euo pipefail
cd "$(dirname "$0")/.."
usage='usage: integration.sh JUJU CHARM REGISTRY RUN TIMEOUT'
juju=${1:?$usage} charm=${2:?$usage} registry=${3:-} run=${4:?$usage} timeout=${5:?$usage}

if [ "$juju" = "$PWD/bin/localjuju" ]; then
	make --no-print-directory build
fi
if [ "$charm" = "$PWD/$(basename "$charm")" ]; then
	make --no-print-directory charm
fi
tests/engine.sh up --tests
if [ -z "$registry" ]; then
	registry=$(tests/engine.sh registry)
fi
REGISTRY=$registry tests/images/build.sh

export JUJU=$juju CHARM=$charm REGISTRY=$registry
exec go test -tags integration -count=1 -p 1 -timeout "$timeout" -run "$run" ./tests/...
