#!/usr/bin/env bash
# Makes sure that an image to build on is here, and prints its name: BASE_IMAGE
# (debian:CODENAME-slim) if it is on this machine or can be pulled within
# PULL_SECONDS (30), else a Debian CODENAME (bookworm) made here by debootstrap.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=images/host.sh
. ./host.sh

find_docker
codename=${CODENAME:-bookworm}
slim=debian:$codename-slim
wanted=${BASE_IMAGE:-$slim}
made=jupyter-docker.local/debian:$codename

if "$docker" image inspect "$wanted" >/dev/null 2>&1; then
	echo "$wanted"
	exit
fi
if "$docker" image inspect "$made" >/dev/null 2>&1 && [ "$wanted" = "$slim" ]; then
	echo "$made"
	exit
fi
say "pulling $wanted"
if timeout "${PULL_SECONDS:-30}" "$docker" pull -q "$wanted" >&2; then
	echo "$wanted"
	exit
fi
[ "$wanted" = "$slim" ] || die "pull $wanted: name an image that can be had in BASE_IMAGE"

say "no $wanted to be had: making a Debian $codename with debootstrap (about a minute)"
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mirror=$(apt_sources "$codename" | awk -v c="$codename" '$3 == c && !seen++ {print $2}')
debootstrap --variant=minbase --include=ca-certificates \
	--keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
	"$codename" "$root" "${mirror:-http://deb.debian.org/debian}" >"$root.log" 2>&1 ||
	{ tail -n 5 "$root.log" >&2; die "make a Debian $codename: see $root.log"; }
rm -f "$root.log"

# As small as the slim images, and without a word about this machine's sources.
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb \
	"$root"/var/log/* "$root"/usr/share/{doc,man,info,locale}/* "$root"/etc/{hostname,resolv.conf}
printf 'deb http://deb.debian.org/debian %s main\ndeb http://deb.debian.org/debian %s-updates main\ndeb http://deb.debian.org/debian-security %s-security main\n' \
	"$codename" "$codename" "$codename" >"$root/etc/apt/sources.list"
printf 'path-exclude /usr/share/%s/*\n' doc man info locale >"$root/etc/dpkg/dpkg.cfg.d/slim"
tar -C "$root" --numeric-owner -c . | "$docker" import --change 'CMD ["bash"]' - "$made" >/dev/null
echo "$made"
