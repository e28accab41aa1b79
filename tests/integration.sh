#!/bin/bash
# Runs the stories of a tag, integration or clusters, against a juju command, a
# packed charm and a registry; with localjuju, makes sure of the engine and the
# registry of this machine first. Clusters that it starts are gone afterwards.
# ENGINE 29 runs them on a Docker Engine 29 of their own: see dev/engine29.
set -euo pipefail
cd "$(dirname "$0")/.."
usage='usage: integration.sh TAG JUJU CHARM REGISTRY RUN TIMEOUT [ENGINE]'
tag=${1:?$usage} juju=${2:?$usage} charm=${3:?$usage} registry=${4:-} run=${5:?$usage} timeout=${6:?$usage} engine=${7:-}

on=()
if [ -n "$engine" ]; then
	[ "$engine" = 29 ] || { echo "cannot run on engine $engine: there is 29, and the machine's own" >&2; exit 2; }
	[ "$(basename "$juju")$registry" = localjuju ] || { echo "cannot run on engine 29 with another juju or registry than ours" >&2; exit 2; }
	on=(dev/engine29/with.sh)
fi
if [ "$juju" = "$PWD/bin/localjuju" ]; then
	make --no-print-directory build
fi
if [ "$charm" = "$PWD/$(basename "$charm")" ]; then
	make --no-print-directory charm
fi
dev/engine.sh up --tests
if [ -z "$registry" ]; then
	registry=$(dev/engine.sh registry)
fi
export JUJU=$juju CHARM=$charm REGISTRY=$registry
packages=(./tests/... ./tools/...)
if [ "$tag" = clusters ]; then
	packages=(./tests/clusters ./tests/images ./tests/stories)
	trap 'tests/clusters/cluster.sh down' EXIT
	tests/images/build.sh notebook
else
	tests/images/build.sh
fi
if [ -n "$engine" ]; then
	packages=(./tests/engine ./tests/stories)
	export REGISTRY=127.0.0.1:5000 # the one beside that engine
fi
# Stories mostly wait, for a server to boot or for a hook: twice as many as there are cores keep two busy. Those on
# clusters compute.
parallel=$(nproc)
if [ "$tag" = integration ]; then parallel=$((2 * parallel)); fi
"${on[@]}" go test -tags "$tag" -count=1 -p 1 -parallel "$parallel" -timeout "$timeout" -run "$run" "${packages[@]}"
