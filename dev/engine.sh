#!/usr/bin/env bash
# Makes sure of what `make run` and the stories need on a machine that has only
# Go: a docker engine and a registry on loopback. Safe to repeat; a second run
# takes well under a second.
#
#   dev/engine.sh up [--tests]   install and start what is missing; --tests adds what only the stories use
#   dev/engine.sh up --engine29  that, and what dev/engine29 is built and run with
#   dev/engine.sh registry       print the registry's host:port
#   dev/engine.sh down           stop what `up` started, remove what it keeps; packages stay
#
# REGISTRY_PORT (5000) is where the registry listens, on 127.0.0.1 only.
set -euo pipefail

state=${JUPYTER_DOCKER_DEV:-/var/lib/jupyter-docker-dev}
registry=127.0.0.1:${REGISTRY_PORT:-5000}
PATH=$PATH:/usr/sbin:/sbin

say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'cannot %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# missing_packages prints the Debian packages that `up` needs and the machine lacks.
missing_packages() {
	has dockerd || echo docker.io
	has docker-registry || echo docker-registry
	has debootstrap || echo debootstrap
	has iptables || echo iptables
	has ip || echo iproute2
	has curl || echo curl
	has jq || echo jq
	[ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
	[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || echo debian-archive-keyring
	[ -n "${1:-}" ] || return 0
	has haproxy || echo haproxy
	has chromium || [ -e "$state/no-chromium" ] || echo chromium
	has python3 && python3 -c 'import venv, ensurepip' 2>/dev/null || echo python3-venv
	has shellcheck || echo shellcheck
	[ "$1" = --engine29 ] || return 0
	has slirp4netns || echo slirp4netns
	has cc || printf '%s\n' gcc libc6-dev
	has pkg-config || echo pkg-config
	[ -e /usr/include/seccomp.h ] || echo libseccomp-dev
}

# available prints those of the packages that this release has.
available() {
	local p
	for p; do
		[[ $(apt-cache policy "$p" 2>/dev/null) != *"Candidate: "[!\(]* ]] || echo "$p"
	done
}

install_packages() {
	local want
	mapfile -t want < <(missing_packages "$@")
	[ ${#want[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] || die "install ${want[*]}: this needs root"
	has apt-get || die "install ${want[*]}: only Debian and Ubuntu are known here"
	say "refreshing the package lists"
	apt-get -q -o DPkg::Lock::Timeout=300 update >/dev/null
	# A docker.io of 23 or later has its client, and the builder that this needs, in packages of their own.
	case " ${want[*]} " in *" docker.io "*) want+=(docker-cli docker-buildx) ;; esac
	case " ${want[*]} " in *" chromium "*) [ -n "$(available chromium)" ] || touch "$state/no-chromium" ;; esac
	mapfile -t want < <(available "${want[@]}")
	say "installing ${want[*]}"
	local log=$state/apt.log
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
		install --no-install-recommends "${want[@]}" >"$log" 2>&1 ||
		{ tail -n 20 "$log" >&2; die "install ${want[*]}: see $log"; }
	# Debian's registry service listens on every address; ours is on loopback only.
	case " ${want[*]} " in *" docker-registry "*)
		if [ -d /run/systemd/system ]; then systemctl -q disable --now docker-registry || true; fi ;;
	esac
}

# ask PATH asks the engine itself: a client may be too old for it.
ask() { curl -fsS --noproxy '*' --max-time 5 --unix-socket /var/run/docker.sock "http://docker/$1" 2>/dev/null; }

engine_answers() { ask _ping >/dev/null; }

start_engine() {
	if engine_answers; then return; fi
	if [ -d /run/systemd/system ]; then
		say "starting the docker engine by systemd"
		systemctl start docker || die "start the docker engine: see journalctl -u docker"
	else
		say "starting the docker engine (no service manager here)"
		local log=$state/dockerd.log
		setsid dockerd --pidfile "$state/dockerd.pid" >"$log" 2>&1 </dev/null &
	fi
	local i
	for ((i = 0; i < 300; i++)); do
		if engine_answers; then return; fi
		sleep 0.2
	done
	[ ! -e "$state/dockerd.log" ] || tail -n 20 "$state/dockerd.log" >&2
	die "start the docker engine: it did not answer within a minute"
}

# runs NAME PIDFILE: whether the process that PIDFILE names is alive and is NAME.
runs() {
	local pid
	pid=$(cat "$2" 2>/dev/null) && [ -n "$pid" ] && grep -qs "$1" "/proc/$pid/cmdline"
}

registry_answers() { curl -fsS --noproxy '*' -o /dev/null --max-time 5 "http://$registry/v2/" 2>/dev/null; }

start_registry() {
	if registry_answers; then return; fi
	if runs docker-registry "$state/registry.pid"; then kill "$(cat "$state/registry.pid")"; fi
	say "starting a registry on $registry"
	cat >"$state/registry.yml" <<-END
		version: 0.1
		log: {level: warn}
		storage:
		  filesystem: {rootdirectory: $state/registry}
		  delete: {enabled: true}
		http: {addr: $registry}
	END
	setsid docker-registry serve "$state/registry.yml" >"$state/registry.log" 2>&1 </dev/null &
	echo $! >"$state/registry.pid"
	local i
	for ((i = 0; i < 100; i++)); do
		if registry_answers; then return; fi
		sleep 0.1
	done
	tail -n 5 "$state/registry.log" >&2
	die "start a registry on $registry: is the port taken? (REGISTRY_PORT=... chooses another)"
}

up() {
	mkdir -p "$state" || die "make $state: are you root?"
	install_packages "$@"
	start_engine
	start_registry
}

# stop_process NAME PIDFILE ends the process that we started, and waits for its end.
stop_process() {
	if runs "$1" "$2"; then
		local pid i
		pid=$(cat "$2")
		say "stopping $1"
		kill "$pid"
		for ((i = 0; i < 100; i++)); do
			[ -e "/proc/$pid" ] || break
			sleep 0.2
		done
	fi
	rm -f "$2"
}

down() {
	stop_process docker-registry "$state/registry.pid"
	if runs dockerd "$state/dockerd.pid" && [[ $(ask containers/json) = *'"Id"'* ]]; then
		say "leaving the docker engine on: containers that are not ours run in it"
		rm -rf "${state:?}/registry" "$state"/registry.*
		return
	fi
	stop_process dockerd "$state/dockerd.pid"
	rm -rf "${state:?}/registry" "$state"/{registry,dockerd}.* "$state"/{apt.log,no-chromium} "$state"/engine29/programs-*
	rmdir --ignore-fail-on-non-empty "$state/engine29" 2>/dev/null || true
	rmdir --ignore-fail-on-non-empty "$state" 2>/dev/null || true
}

case ${1:-} in
up) shift; up "$@" ;;
registry) echo "$registry" ;;
down) down ;;
*) sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
