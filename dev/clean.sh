#!/usr/bin/env bash
# Takes away what `make run`, `make images` and the tests made on this machine:
# the deployed application, our images and their build cache, the registry, and an
# engine that we started. Installed packages stay, and what people saved in
# notebooks: the end says where.
set -euo pipefail
cd "$(dirname "$0")/.."
state=${JUPYTER_DOCKER_DEV:-/var/lib/jupyter-docker-dev}

say() { printf '==> %s\n' "$*" >&2; }

# The charm removes its own containers, network and images as the application goes.
juju_state=${LOCALJUJU_DIR:-/var/lib/localjuju}
models() { bin/localjuju models --format json | jq -r '.models[]?."short-name"'; }
if [ -x bin/localjuju ] && [ -d "$juju_state" ]; then
	if [[ $'\n'$(models)$'\n' == *$'\nnotebooks\n'* ]]; then
		say "destroying the model notebooks"
		bin/localjuju destroy-model --no-prompt --destroy-storage notebooks
	fi
	# Without models, its agent ends by itself within a minute.
	[ -n "$(models)" ] || rm -rf "$juju_state"
fi

# engine METHOD PATH asks the engine itself, for what its client cannot say.
engine() { curl -fsS --noproxy '*' --unix-socket /var/run/docker.sock -X "$1" "http://docker/$2"; }

# our_cache prints the IDs of the steps that our Dockerfiles left in the build
# cache, and of all that was built on them. The engine names a step's parents
# Parent, Parents or, in some releases, " Parents".
our_cache() {
	engine GET system/df | jq -r '
		[.BuildCache[]? | select(.InUse | not)] as $all |
		reduce range(40) as $_ (
			[$all[] | select(.Description | test("/lib\\.d/|image-versions|link-hadoop")) | .ID];
			. as $ours | $ours + [$all[] | select(any((.Parents // .[" Parents"] // [.Parent])[]; . as $p | $ours | index($p))) | .ID] | unique) | .[]'
}

# A step goes once those built on it have gone: hence the rounds.
drop_cache() {
	local id round
	for round in 1 2 3 4 5 6 7 8; do
		mapfile -t ids < <(our_cache)
		[ ${#ids[@]} -gt 0 ] || return 0
		[ "$round" != 1 ] || say "removing ${#ids[@]} steps of the build cache"
		for id in "${ids[@]}"; do
			engine POST "build/prune?all=true&filters=%7B%22id%22%3A%7B%22$id%22%3Atrue%7D%7D" >/dev/null || return 0
		done
	done
}

# shellcheck source=images/host.sh
. images/host.sh
if (find_docker) 2>/dev/null; then
	find_docker
	registry=$(dev/engine.sh registry)
	mapfile -t servers < <("$docker" ps -aq --filter label=io.github.jupyter-docker.test-cluster)
	if [ ${#servers[@]} -gt 0 ]; then
		say "removing the clusters of tests/clusters"
		"$docker" rm -f "${servers[@]}" >/dev/null
	fi
	mapfile -t ours < <("$docker" images --format '{{.Repository}}:{{.Tag}}' |
		grep -E "^(jupyter-docker\.local/|$registry/(test/|jupyterlab-spark-hadoop:))" || true)
	if [ ${#ours[@]} -gt 0 ]; then
		say "removing ${#ours[@]} images"
		"$docker" rmi "${ours[@]}" >/dev/null || true
	fi
	drop_cache
fi
rm -rf "$state/test-images"
dev/engine.sh down
for data in /var/lib/jupyter-docker/*/notebooks; do
	[ ! -e "$data" ] || say "kept: $data"
done
