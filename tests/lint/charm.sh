#!/bin/bash
# Runs charmcraft analyse on a packed charm, and charmlint on the sources.
# Nothing above info may be found. No rule is switched off; docs/reference/packaging.md
# says why those of notForGo can never pass for a charm that is not in Python.
set -euo pipefail
charm=$(realpath "${1:?usage: charm.sh FILE.charm}")
cd "$(dirname "$0")/../.."

tools=$PWD/.cache/lint
charmcraft=4.5.0
charmlint=0.3.0
notForGo='ACTIONS-001|TESTING-001'

# The least Python that charmlint takes is 3.12, which Debian 12 has not.
python() {
	local candidates=(python3.14 python3.13 python3.12 python3) candidate
	if command -v pyenv >/dev/null; then
		candidates+=("$(pyenv root)"/versions/*/bin/python3)
	fi
	for candidate in "${candidates[@]}"; do
		if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
			echo "$candidate"
			return
		fi
	done
	return 1
}

if [ ! -e "$tools/$charmcraft-$charmlint" ]; then
	if ! interpreter=$(python); then
		echo 'cannot run charmcraft analyse and charmlint: no Python 3.12 or later with venv; NOT CHECKED' >&2
		exit 0
	fi
	"$interpreter" -m venv --clear "$tools"
	"$tools/bin/pip" install --quiet --disable-pip-version-check "charmcraft==$charmcraft" "charmlint==$charmlint"
	touch "$tools/$charmcraft-$charmlint"
fi

# Its logs and state belong in our cache.
export XDG_RUNTIME_DIR=$tools/run XDG_STATE_HOME=$tools/state XDG_CACHE_HOME=$tools/cache
mkdir -p "$XDG_RUNTIME_DIR"
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
