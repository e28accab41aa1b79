#!/bin/bash
# Runs charmcraft analyse on a packed charm, and charmlint on the sources.
# Nothing above info may be found. No rule is switched off; docs/reference/packaging.md
# says why those of notForGo can never pass for a charm that is not in Python.
set -euo pipefail
charm=$(realpath "${1:?usage: charm.sh FILE.charm}")
cd "$(dirname "$0")/../.."

tools=$PWD/.cache/lint/charm
charmcraft=4.5.0
charmlint=0.3.0
notForGo='ACTIONS-001|TESTING-001'

# The least Python that charmlint takes is 3.12, which Debian 12 has not. There, uv
# fetches one into our cache, if it can.
uv=0.13.9
python() { installed || { fetch >&2 && installed; }; }

installed() {
	local candidates=(python3.14 python3.13 python3.12 python3) candidate
	if command -v pyenv >/dev/null; then
		candidates+=("$(pyenv root)"/versions/*/bin/python3)
	fi
	candidates+=("$tools"-python/*/bin/python3)
	for candidate in "${candidates[@]}"; do
		if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
			echo "$candidate"
			return
		fi
	done
	return 1
}

fetch() {
	echo 'fetching Python 3.12 by uv, for charmlint'
	python3 -m venv --clear "$tools-uv" && "$tools-uv/bin/pip" install --quiet --disable-pip-version-check "uv==$uv" &&
		UV_PYTHON_INSTALL_DIR=$tools-python timeout 300 "$tools-uv/bin/uv" --quiet python install --no-bin 3.12
}

if [ ! -e "$tools/$charmcraft-$charmlint" ]; then
	if ! interpreter=$(python); then
		tests/lint/unchecked.sh 'the charm, by charmcraft analyse and charmlint: they need Python 3.12 with venv (apt-get install python3-venv on Ubuntu 24.04 or Debian 13; uv python install 3.12 or pyenv install 3.12 elsewhere)'
		exit 0
	fi
	"$interpreter" -m venv --clear "$tools"
	"$tools/bin/pip" install --quiet --disable-pip-version-check "charmcraft==$charmcraft" "charmlint==$charmlint"
	touch "$tools/$charmcraft-$charmlint"
fi

# Its logs and state belong in our cache.
export XDG_RUNTIME_DIR=$tools/run XDG_STATE_HOME=$tools/state XDG_CACHE_HOME=$tools/cache
mkdir -p "$XDG_RUNTIME_DIR"
chmod 700 "$XDG_RUNTIME_DIR" # it is passed over otherwise
"$tools/bin/charmcraft" --quiet analyse "$charm"

found=$("$tools/bin/charmlint" --quiet --no-colour --min-severity warning .) || {
	echo "$found"
	exit 1
}
others=$(grep -Ev "(^| )($notForGo) " <<<"$found" || true)
if [ -n "$others" ]; then
	echo "$others"
	exit 1
fi
echo "charmcraft analyse and charmlint: nothing above info; not for Go charms: ${notForGo//|/, }"
