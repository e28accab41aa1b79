# shellcheck shell=bash disable=SC2034 # what is set here is used by who sources it
# Sourced by the image scripts: how this machine reaches its package sources, as
# secrets for one build. None of it is named in the repository or stays in an image.

say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'cannot %s\n' "$*" >&2; exit 1; }

# find_docker sets $docker to the first client that the engine takes and that can
# build with BuildKit: one older than 23 has it built in, a later one needs the
# buildx plugin.
find_docker() {
	local c v why=''
	docker=
	while read -r c; do
		if ! v=$("$c" version --format '{{.Client.Version}}' 2>&1); then
			why+="; $c: ${v##*$'\n'}"
		elif [ "${v%%.*}" -lt 23 ] || "$c" buildx version >/dev/null 2>&1; then
			docker=$c
			export DOCKER_BUILDKIT=1
			return
		else
			why+="; $c $v has no buildx"
		fi
	done < <(type -aP docker)
	die "find a docker client that builds${why:-": install docker.io"}"
}

# in_registry HOST/REPOSITORY:TAG: whether the registry has it. An engine pushes
# manifests of Docker's media types or of OCI's, alone or in an index; a registry
# answers 404 where it has another than is asked for.
in_registry() {
	local path=${1#*/} type=application/vnd
	curl -fsS --noproxy '*' -o /dev/null -I "http://${1%%/*}/v2/${path%:*}/manifests/${path##*:}" -H "Accept: \
$type.docker.distribution.manifest.v2+json,$type.docker.distribution.manifest.list.v2+json,\
$type.oci.image.manifest.v1+json,$type.oci.image.index.v1+json" 2>/dev/null
}

# apt_sources CODENAME prints the machine's own sources of that Debian or Ubuntu
# release, one-line style: a Debian's mirrors have the other Debians as well.
# Nothing when the machine runs neither that release nor a Debian.
apt_sources() {
	local own debians=' bullseye bookworm trixie forky sid '
	command -v apt-get >/dev/null || return 0
	# shellcheck source=/dev/null
	own=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	[[ $debians = *" $own "* && $debians = *" $1 "* ]] || own=$1
	# shellcheck disable=SC2016 # the fields are apt's
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
		awk -v own="$own" -v c="$1" '
			$2 == own || $2 == own "-updates" || $2 == own "-security" {
				sub("^" own, c, $2)
				if (c != "sid" || $2 == c) print "deb", $1, $2, $3
			}' | sort -u
}

# apt_settings prints the machine's proxies and exceptions for apt.
apt_settings() {
	command -v apt-config >/dev/null || return 0
	apt-config dump --format '%F "%v";%n' Acquire 2>/dev/null |
		grep -Ei '^Acquire::(https?::.*proxy|Check-Valid-Until|Check-Date|Retries)' | grep -v '""' || true
}

# apt_logins prints apt's logins, in netrc style.
apt_logins() { cat /etc/apt/auth.conf /etc/apt/auth.conf.d/*.conf 2>/dev/null || true; }

# pip_settings prints a pip.conf of the machine's indexes and proxies. Paths
# (certificates, local wheels) mean nothing inside a build and are left out.
pip_settings() {
	local keys='index-url extra-index-url trusted-host proxy timeout retries' k v
	echo '[global]'
	for k in $keys; do
		v=PIP_$(tr 'a-z-' 'A-Z_' <<<"$k")
		if [ -n "${!v:-}" ]; then
			echo "$k = ${!v}"
		else
			cat /etc/pip.conf ~/.pip/pip.conf ~/.config/pip/pip.conf "${PIP_CONFIG_FILE:-/dev/null}" 2>/dev/null |
				sed -n "s/^[[:space:]]*${k}[[:space:]]*=[[:space:]]*/$k = /p" | tail -n 1 || true
		fi
	done
}

maven_settings() {
	local f
	for f in ~/.m2/settings.xml /etc/maven/settings.xml; do
		if [ -e "$f" ]; then cat "$f"; return; fi
	done
	echo '<settings/>'
}

# host_secrets DIR CODENAME... writes the machine's settings into DIR and sets
# $build_flags to what a build must be given to use them.
host_secrets() {
	local dir=$1 name
	(
		umask 077
		for name in "${@:2}"; do apt_sources "$name"; done >"$dir/apt-sources"
		apt_settings >"$dir/apt-settings"
		apt_logins >"$dir/apt-logins"
		pip_settings >"$dir/pip"
		maven_settings >"$dir/maven"
		cat "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" >"$dir/ca" 2>/dev/null || true
	)
	build_flags=(--network host)
	for name in apt-sources apt-settings apt-logins pip maven ca; do
		build_flags+=(--secret "id=$name,src=$dir/$name")
	done
	# docker keeps these out of an image's history and of the cache's key by itself
	for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
		if [ -n "${!name:-}" ]; then build_flags+=(--build-arg "$name"); fi
	done
}

# build_tag TAG COMMAND... runs a build that ends in TAG, and takes away the image
# that had TAG before, unless something uses it.
build_tag() {
	local tag=$1 before
	before=$("$docker" image inspect -f '{{.Id}}' "$tag" 2>/dev/null || true)
	"${@:2}" -t "$tag"
	if [ -n "$before" ] && [ "$("$docker" image inspect -f '{{.Id}}' "$tag")" != "$before" ]; then
		"$docker" rmi "$before" >/dev/null 2>&1 || true
	fi
}
