#!/usr/bin/env bash
# Takes away what `make run`, `make images` and the tests made on this machine:
# the deployed application, our images and their build cache, the registry, and an engine that
# we started. What people saved in notebooks and installed packages stay.
set -euo pipefail
cd "$(dirname "$0")/.."
state=${JUPYTER_DOCKER_DEV:-/var/lib/jupyter-docker-dev}

say() { printf '==> %s\n' "$*" >&2; }

# The charm removes its own containers, network and images as the application goes.
if [ -x bin/localjuju ] && bin/localjuju models >/dev/null 2>&1; then
	if bin/localjuju models --format json | jq -e '.models[] | select(."short-name" == "notebooks")' >/dev/null; then
		say "destroying the model notebooks"
		bin/localjuju destroy-model --no-prompt --destroy-storage notebooks
	fi
fi

# shellcheck source=images/host.sh
. images/host.sh
if (find_docker) 2>/dev/null; then
	find_docker
	registry=$(tests/engine.sh registry)
	mapfile -t ours < <("$docker" images --format '{{.Repository}}:{{.Tag}}' |
		grep -E "^(jupyter-docker\.local/|$registry/(test/|jupyterlab-spark-hadoop:))" || true)
	if [ ${#ours[@]} -gt 0 ]; then
		say "removing ${#ours[@]} images"
		"$docker" rmi "${ours[@]}" >/dev/null || true
	fi
fi
rm -rf "$state/test-images"
tests/engine.sh down
