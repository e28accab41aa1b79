#!/usr/bin/env bash
# Builds rows of images/matrix, those of each NAME: all, a tag, or an EMR release;
# prints their notebooks' names, and how long each took. S3A, IMAGE_PREFIX and what
# a row leaves open are for the environment to say, as for build.sh.
#
#   images/matrix.sh NAME...
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=images/host.sh
. "$here/host.sh"

# rows NAME prints the rows that have that name.
rows() {
	awk -v name="$1" '!/^#/ && NF && (name == "all" || $1 == name || index("," $8 ",", "," name ","))' "$here/matrix"
}

# build_row ROW builds one; "-" leaves a choice open.
build_row() {
	local tag spark hadoop java base recipe requirements set=()
	read -r tag spark hadoop java base recipe requirements _ <<<"$1"
	[ "$base" = - ] || set+=("BASE_IMAGE=$base")
	[ "$requirements" = - ] || set+=("REQUIREMENTS=${REQUIREMENTS:-$here/$requirements}")
	env "${set[@]}" TAG="$tag" SPARK_VERSION="$spark" HADOOP_VERSION="$hadoop" JAVA_MAJOR="$java" RECIPE="$recipe" "$here/build.sh"
}

[ $# -gt 0 ] || die "choose a row: name all, a tag or an EMR release of images/matrix"
failed=()
for name; do
	found=$(rows "$name")
	[ -n "$found" ] || die "build $name: no row of images/matrix has that tag or EMR release"
	while read -r row; do
		start=$SECONDS
		build_row "$row" </dev/null || failed+=("${row%% *}")
		say "${row%% *}: $((SECONDS - start)) s"
	done <<<"$found"
done
[ ${#failed[@]} = 0 ] || die "build all: ${failed[*]} failed, see above"
