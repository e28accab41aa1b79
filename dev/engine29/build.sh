#!/usr/bin/env bash
# Builds Docker Engine 29 with its containerd and runc from their Go modules, and
# prints the folder of the programs. They are kept under the name of what they are
# made of, so that a second run builds nothing; cold it takes some six minutes of a
# processor.
set -euo pipefail
cd "$(dirname "$0")"
state=${JUPYTER_DOCKER_DEV:-/var/lib/jupyter-docker-dev}/engine29

say() { printf '==> %s\n' "$*" >&2; }

sum=$({ cat go.mod go.sum build.sh; go version; } | sha256sum | cut -c1-12)
programs=$state/programs-$sum
if [ ! -d "$programs" ]; then
	say "building Docker Engine 29 (some minutes, once)"
	mkdir -p "$state"
	work=$(mktemp -d "$state/building-XXXXXX")
	trap 'rm -rf "$work"' EXIT
	version=$(go list -m -f '{{.Version}}' github.com/moby/moby/v2)
	flags=(-trimpath -buildvcs=false -o "$work/bin/")
	CGO_ENABLED=0 go build "${flags[@]}" \
		-ldflags "-s -w -X github.com/moby/moby/v2/dockerversion.Version=29.0.0-moby-$version" \
		github.com/moby/moby/v2/cmd/{dockerd,docker-proxy} \
		github.com/containerd/containerd/v2/cmd/{containerd,containerd-shim-runc-v2}
	# An older runc, as Debian 12 has it, does not know what this containerd asks for.
	CGO_ENABLED=1 go build "${flags[@]}" -tags seccomp -ldflags '-s -w' github.com/opencontainers/runc
	rm -rf "$state"/programs-*
	mv "$work/bin" "$programs"
fi
echo "$programs"
