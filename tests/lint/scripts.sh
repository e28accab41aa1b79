#!/bin/bash
# Runs shellcheck on every shell script of the repository.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v shellcheck >/dev/null; then
	if [ "$(id -u)" != 0 ]; then
		echo 'cannot check scripts: no shellcheck; install the package shellcheck' >&2
		exit 1
	fi
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -qq -y shellcheck >/dev/null
fi
# Hidden folders hold caches; .ci holds one of ours.
find . -name '.?*' ! -name .ci -prune -o -type f -print0 |
	xargs -0 awk 'FNR == 1 { if (/^#!.*sh$/) print FILENAME; nextfile }' |
	xargs -r shellcheck -x -P SCRIPTDIR
