#!/usr/bin/env bash
# Runs a command where /var/run/docker.sock is a Docker Engine 29 and 127.0.0.1:5000
# a registry that has what the machine's own registry has: in mount, network and
# process namespaces, with a state of engine, charm and localjuju that are made for
# this run and gone after it. The machine's own engine goes on beside it and sees
# nothing of it. As root.
#
#   dev/engine29/with.sh COMMAND [ARGUMENT...]
#
# ENGINE29_FLAGS are more flags for dockerd.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
state=${JUPYTER_DOCKER_DEV:-/var/lib/jupyter-docker-dev}
export state home programs name

die() { printf 'cannot %s\n' "$*" >&2; exit 1; }

[ $# -gt 0 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ "$(id -u)" = 0 ] || die "run Docker Engine 29: namespaces and mounts need root"

# clean ends all that runs inside with the first process of the namespace, and
# takes away what the kernel and the disk still have of it.
clean() {
	local pid
	for pid in ${inside:-} ${way_out:-}; do
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	drop "$home"
	[ ${#made[@]} = 0 ] || rmdir --ignore-fail-on-non-empty "${made[@]}"
}

# drop takes away the state of a run that has ended, and the cgroups that remain of
# it in each hierarchy, also in those that only inside.sh mounts.
drop() {
	local h name=jupyter-docker-${1##*/}
	{
		find /sys/fs/cgroup/*/"$name" /sys/fs/cgroup/"$name" -depth -type d -exec rmdir {} +
		for h in hugetlb perf_event net_cls,net_prio; do
			# shellcheck disable=SC2016 # the inner shell's arguments
			unshare --mount sh -c 'mount -t cgroup -o "$0" cgroup "$1" && find "$1/$2" -depth -type d -exec rmdir {} +' "$h" "$1" "$name"
		done
	} 2>/dev/null || true
	rm -rf "$1"
}

# place makes a folder that is mounted over inside.
place() {
	[ -d "$1" ] || { mkdir -p "$1"; made+=("$1"); }
}

made=()
"$here/../engine.sh" up --engine29
programs=$("$here/build.sh")
for old in "$state"/engine29/process-*; do # of runs that were killed
	[ ! -d "$old" ] || [ -e "/proc/${old##*-}" ] || drop "$old"
done
home=$state/engine29/process-$$
name=jupyter-docker-${home##*/}
mkdir "$home"
trap clean EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
for d in /var/lib/{docker,jupyter-docker,localjuju} "$state"/{registry,test-images}; do place "$d"; done

# All ends with this script, however that ends.
setpriv --pdeathsig KILL unshare --mount --net --pid --fork --kill-child --mount-proc "$here/inside.sh" "$@" </dev/null &
inside=$!
until [ ! "/proc/$inside/ns/net" -ef /proc/self/ns/net ]; do sleep 0.05; done
setpriv --pdeathsig KILL slirp4netns --configure --mtu=65520 --disable-host-loopback "$inside" tap0 >"$home/slirp4netns.log" 2>&1 &
way_out=$!
wait "$inside"
