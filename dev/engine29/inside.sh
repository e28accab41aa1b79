#!/usr/bin/env bash
# The part of with.sh that runs in the namespaces, as their first process: mounts the
# places of its own, starts engine and registry, and runs the command. $home,
# $programs, $state and $name are with.sh's.
set -euo pipefail
state=${state:?} home=${home:?} programs=${programs:?} name=${name:?}
export PATH=$programs:$PATH:/usr/sbin:/sbin

say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'cannot %s\n' "$*" >&2; exit 1; }

# own mounts an empty folder over one.
own() {
	mkdir -p "$home/own$1"
	mount --bind "$home/own$1" "$1"
}

# layer mounts a layer over a folder, so that what is written there stays here.
layer() {
	local upper=$home/layer$1/upper work=$home/layer$1/work
	mkdir -p "$upper" "$work"
	mount -t overlay -o "lowerdir=$1,upperdir=$upper,workdir=$work" overlay "$1"
}

# all_cgroups mounts the hierarchies of cgroup v1 that the machine leaves out: without
# them containerd has no metrics of a container. A machine with v2 has one of all.
all_cgroups() {
	local h at=$home/cgroup
	[ ! -e /sys/fs/cgroup/cgroup.controllers ] || return 0
	mkdir "$at"
	mount -t tmpfs -o mode=755 cgroup "$at"
	for h in /sys/fs/cgroup/*/; do
		h=$at/$(basename "$h")
		mkdir "$h"
		mount --bind "/sys/fs/cgroup/${h##*/}" "$h"
	done
	for h in hugetlb perf_event net_cls,net_prio; do
		grep -q " cgroup .*[, ]${h%,*}\(,\| \|$\)" /proc/mounts || { mkdir "$at/$h"; mount -t cgroup -o "$h" cgroup "$at/$h"; }
	done
	mount --move "$at" /sys/fs/cgroup
}

# eventually WHAT COMMAND... waits up to a minute until the command succeeds.
eventually() {
	local i what=$1
	for ((i = 0; i < 600; i++)); do
		if "${@:2}" >/dev/null 2>&1; then return; fi
		sleep 0.1
	done
	tail -n 20 "$home"/*.log >&2
	die "$what: it did not answer within a minute"
}

way_out() { [ -n "$(ip route show default)" ]; }

start_engine() {
	local flags
	read -ra flags <<<"${ENGINE29_FLAGS:-}"
	setsid dockerd --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$name" "${flags[@]}" >"$home/dockerd.log" 2>&1 </dev/null &
	eventually "start Docker Engine 29" curl -fsS --noproxy '*' --unix-socket /var/run/docker.sock http://docker/_ping
}

start_registry() {
	sed 's/addr: .*}/addr: 127.0.0.1:5000}/' "$state/registry.yml" >"$home/registry.yml"
	setsid docker-registry serve "$home/registry.yml" >"$home/registry.log" 2>&1 </dev/null &
	eventually "start a registry" curl -fsS --noproxy '*' http://127.0.0.1:5000/v2/
}

# keep_base has the engine keep what the test images share, as the machine's own
# does, so that a story pulls one in a moment.
keep_base() {
	local image=127.0.0.1:5000/test/plain:1
	if docker pull -q "$image" >/dev/null 2>&1; then
		docker tag "$image" jupyter-docker.local/test/jupyter
		docker rmi "$image" >/dev/null
	fi
}

for d in /var/lib/{docker,jupyter-docker,localjuju}; do own "$d"; done
for d in /etc "$state"/{registry,test-images}; do layer "$d"; done
mount -t tmpfs -o mode=755 run /run
mkdir -m 1777 /run/lock
rm -f /etc/resolv.conf
echo nameserver 10.0.2.3 >/etc/resolv.conf # of slirp4netns
all_cgroups
ip link set lo up
eventually "reach the network through slirp4netns" way_out
unset LOCALJUJU_DIR DOCKER_HOST DOCKER_CONTEXT REGISTRY_PORT
start_engine
start_registry
keep_base
say "Docker Engine $(docker version --format '{{.Server.Version}}') is at /var/run/docker.sock"
"$@"
