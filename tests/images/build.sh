#!/usr/bin/env bash
# Builds the images of the stories and pushes them to the registry, as
# REGISTRY/test/NAME:1, and our own image as test/notebook. All of them, or those
# named. What is there already and whose sources are unchanged is not built again.
#
#   tests/images/build.sh [NAME...]
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=images/host.sh
. ../../images/host.sh

registry=${REGISTRY:-$(../../dev/engine.sh registry)}
shared=jupyter-docker.local/test
stamps=${JUPYTER_DOCKER_DEV:-/var/lib/jupyter-docker-dev}/test-images

# sources NAME prints a sum of all that the image is made from.
sources() { cat "$1"/* jupyter/* ../../images/lib/* 2>/dev/null | sha256sum | cut -d' ' -f1; }

# pushed NAME SUM: whether the registry has the image made from these sources.
pushed() {
	[ "$(cat "$stamps/$registry/$1" 2>/dev/null)" = "$2" ] && in_registry "$registry/test/$1:1"
}

# build NAME leaves the image in the registry and not on this machine, so that a
# story pulls it; what the images share stays, so that it is pulled in a moment.
build() {
	local sum image=$registry/test/$1:1
	sum=$(sources "$1")
	if pushed "$1" "$sum"; then return; fi
	prepare
	say "building test image $1"
	build_tag "$image" build_in "$1"
	"$docker" push -q "$image" >/dev/null
	"$docker" rmi "$image" >/dev/null 2>&1 || true
	mkdir -p "$stamps/$registry"
	echo "$sum" >"$stamps/$registry/$1"
}

build_in() { # FOLDER ARGUMENT...
	local context=$work/$1 platform=()
	[ "$1" != otherarch ] || platform=(--platform "$foreign")
	mkdir "$context"
	cp -r "$1"/. ../../images/lib "$context"
	"$docker" build --progress plain "${build_flags[@]}" "${platform[@]}" --build-arg "BASE_IMAGE=$base" \
		"${@:2}" "$context" >"$work/log" 2>&1 || { tail -n 30 "$work/log" >&2; die "build test image $1: see above"; }
}

# prepare makes what all images are built on; once.
prepare() {
	[ -z "${base:-}" ] || return 0
	find_docker
	foreign=linux/arm64
	[ "$(uname -m)" != aarch64 ] || foreign=linux/amd64
	base=$(../../images/base.sh)
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	mkdir "$work/secrets"
	host_secrets "$work/secrets" bookworm
	say "building what the test images share"
	build_tag "$shared/jupyter" build_in jupyter
}

# ours puts the image that images/ makes there, as test/notebook:1, and the same
# with a user that its passwd file does not know, as test/notebook2:1.
ours() {
	local built id
	built=$(../../images/build.sh)
	find_docker
	id=$("$docker" image inspect -f '{{.Id}}' "$built")
	if pushed notebook "$id" && pushed notebook2 "$id"; then return; fi
	"$docker" tag "$built" "$registry/test/notebook:1"
	printf 'FROM %s\nUSER 4321:4321\n' "$built" | "$docker" build -q -t "$registry/test/notebook2:1" - >/dev/null
	mkdir -p "$stamps/$registry"
	for name in notebook notebook2; do
		say "pushing test image $name"
		"$docker" push -q "$registry/test/$name:1" >/dev/null
		"$docker" rmi "$registry/test/$name:1" >/dev/null
		echo "$id" >"$stamps/$registry/$name"
	done
}

[ $# -gt 0 ] || for d in */Dockerfile notebook/Dockerfile; do
	d=${d%/Dockerfile}
	[ "$d" = jupyter ] || set -- "$@" "$d"
done
for name; do
	if [ "$name" = notebook ]; then ours; else build "$name"; fi
done
