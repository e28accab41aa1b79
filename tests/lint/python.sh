#!/bin/bash
# Runs ruff on the Python of the repository: scripts, settings, notebooks, and the
# programs that the charm puts together for a kernel.
set -euo pipefail
cd "$(dirname "$0")/../.."
ruff=0.17.6
tools=$PWD/.cache/lint/ruff-$ruff
programs=$PWD/.cache/lint/programs

# python prints an interpreter that can make a venv.
python() {
	local candidate
	for candidate in python3 /usr/bin/python3; do
		if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 8))' 2>/dev/null; then
			echo "$candidate"
			return
		fi
	done
	return 1
}

if [ ! -x "$tools/bin/ruff" ]; then
	if ! python >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		apt-get update -qq
		DEBIAN_FRONTEND=noninteractive apt-get install -qq -y python3-venv >/dev/null
	fi
	if ! interpreter=$(python); then
		tests/lint/unchecked.sh 'the Python, by ruff: it needs the package python3-venv'
		exit 0
	fi
	"$interpreter" -m venv --clear "$tools"
	"$tools/bin/pip" install --quiet --disable-pip-version-check "ruff==$ruff"
fi

# check BUILTINS FILES...: BUILTINS are names that others give the files. Parts of a
# program import what they need (E402), and B018 takes
# the last line of a cell, which Jupyter shows, for an expression without a use.
check() {
	"$tools/bin/ruff" check --quiet --isolated --no-cache --target-version py37 --output-format concise \
		--select E4,E7,E9,F,W,B,PLE --ignore B018,E402 --config "builtins = [$1]" "${@:2}"
}

# A charm's program for a kernel is common.py and parts, as internal/probe puts them together.
program() { # NAME PARTS...
	{
		printf 'import json\nask = json.loads("{}")\n'
		for part in common "${@:2}"; do cat "internal/probe/$part.py"; echo; done
	} >"$programs/$1.py"
}
rm -rf "$programs"
mkdir -p "$programs"
program driver hops clues driver
program pi hops pi
check '' "$programs"/*.py

mapfile -t files < <(
	find . -name '.?*' -prune -o -path ./internal/probe -prune -o -type f \( -name '*.py' -o -name '*.ipynb' \) -print
	find . -name '.?*' -prune -o -type f ! -name '*.py' -print0 | xargs -0 awk 'FNR == 1 { if (/^#!.*python/) print FILENAME; nextfile }'
)
# Jupyter gives its settings `c`, and the charm its own the values of the container.
check '"c", "APP", "SOCKET", "BASE_URL", "CULL_SECONDS"' "${files[@]}"
