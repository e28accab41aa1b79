#!/usr/bin/env bash
# Builds the images of the stories and pushes them to the registry, as
# REGISTRY/test/NAME:1. All of them, or those named. What is there already and
# whose sources are unchanged is not built again.
#
#   tests/images/build.sh [NAME...]
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=images/host.sh
. ../../images/host.sh

registry=${REGISTRY:-$(../engine.sh registry)}
shared=jupyter-docker.local/test
stamps=${JUPYTER_DOCKER_DEV:-/var/lib/jupyter-docker-dev}/test-images

# sources NAME prints a sum of all that the image is made from.
sources() { cat "$1"/* jupyter/* ../../images/lib/* 2>/dev/null | sha256sum | cut -d' ' -f1; }

# pushed NAME SUM: whether the registry has the image made from these sources.
pushed() {
	[ "$(cat "$stamps/$registry/$1" 2>/dev/null)" = "$2" ] &&
		curl -fsS --noproxy '*' -o /dev/null -I -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
			"http://$registry/v2/test/$1/manifests/1" 2>/dev/null
}

build() { # NAME
	local sum
	sum=$(sources "$1")
	if pushed "$1" "$sum"; then return; fi
	prepare
	say "building test image $1"
	"$docker" build -q "${build_flags[@]}" --build-arg "BASE_IMAGE=$base" -t "$registry/test/$1:1" "$1" >/dev/null
	"$docker" push -q "$registry/test/$1:1" >/dev/null
	mkdir -p "$stamps/$registry"
	echo "$sum" >"$stamps/$registry/$1"
}

# prepare makes what all images are built on; once.
prepare() {
	[ -z "${base:-}" ] || return 0
	find_docker
	base=$(../../images/base.sh)
	secrets=$(mktemp -d)
	trap 'rm -rf "$secrets"' EXIT
	host_secrets "$secrets" bookworm
	mkdir "$secrets/jupyter"
	cp -r jupyter/Dockerfile ../../images/lib "$secrets/jupyter"
	say "building what the test images share"
	"$docker" build -q "${build_flags[@]}" --build-arg "BASE_IMAGE=$base" -t "$shared/jupyter" "$secrets/jupyter" >/dev/null
}

[ $# -gt 0 ] || for d in */Dockerfile; do
	d=${d%/Dockerfile}
	[ "$d" = jupyter ] || set -- "$@" "$d"
done
for name; do build "$name"; done
