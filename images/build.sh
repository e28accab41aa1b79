#!/usr/bin/env bash
# Builds the images, and prints the name of the notebook's:
#
#   SPARK_VERSION=3.5.6 HADOOP_VERSION=3.4.1 S3A=no JAVA_MAJOR=17 BASE_IMAGE=debian:bookworm-slim \
#   REQUIREMENTS=images/jupyterlab-spark-hadoop/requirements.txt \
#   IMAGE_PREFIX=jupyter-docker.local images/build.sh
#
# Those are the defaults. The labels' other versions (SCALA_VERSION, PYTHON_VERSION,
# JAVA_VERSION, JUPYTERLAB_VERSION, JUPYTER_SERVER_VERSION) are read from the built
# files unless given; the build fails where a label and a file differ.
#
# A pair that cannot work is refused before anything is built: see pairs.sh. Spark 2.4
# has a recipe (RECIPE, the folder in place of spark-base) of its own, for Java 8 and an older Python: PYTHON is
# python3.7 if BASE_IMAGE has that, else python2.7.
set -euo pipefail
start=$SECONDS
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=images/host.sh
. "$here/host.sh"

# shellcheck source=images/pairs.sh
. "$here/pairs.sh"

spark=${SPARK_VERSION:-3.5.6}
hadoop=${HADOOP_VERSION:-3.4.1}
java=${JAVA_MAJOR:-17}
s3a=${S3A:-no}
recipe=${RECIPE:-spark-base}
if [[ $spark = 2.* ]]; then
	recipe=${RECIPE:-spark2} java=${JAVA_MAJOR:-8}
	export CODENAME=trixie
fi
check_pair "$spark" "$hadoop" "$java" "$recipe" "$s3a"
tag=${TAG:-$spark-hadoop$hadoop}
[ "$s3a" = no ] || tag+=-s3a
prefix=${IMAGE_PREFIX:-jupyter-docker.local}
spark_image=$prefix/spark-base:$tag
notebook_image=$prefix/jupyterlab-spark-hadoop:$tag
executor_image=$prefix/spark-executor:$tag

[ -r "${REQUIREMENTS:-/dev/null}" ] || die "read REQUIREMENTS=$REQUIREMENTS"
find_docker
in_image() { "$docker" run --rm --network none --entrypoint "$2" "$1" "${@:3}"; }
base=$("$here/base.sh")
[ "$recipe" != spark-base ] || check_python "$spark" "$(base_python)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The context is made anew: what lies about in the work tree is not in it.
mkdir "$work/context"
cp -r "$here"/{lib,spark-base,jupyterlab-spark-hadoop,spark-executor} "$work/context"
cp -rT "$here/$recipe" "$work/context/$recipe"
# What a recipe has for the notebook takes the place of what all others have.
if [ -d "$here/$recipe/jupyterlab-spark-hadoop" ]; then cp -r "$here/$recipe/jupyterlab-spark-hadoop" "$work/context"; fi
# The examples are for Spark 3 and later.
if [ "$recipe" = spark2 ]; then rm -r "$work/context/jupyterlab-spark-hadoop/files/usr/local/share/jupyter-docker/examples"; fi
if [ -n "${REQUIREMENTS:-}" ]; then cp "$REQUIREMENTS" "$work/context/jupyterlab-spark-hadoop/requirements.txt"; fi
python=
if [ "$recipe" = spark2 ]; then
	python=$(in_image "$base" sh -c 'command -v python3.7 || echo python2.7')
	python=${PYTHON:-${python##*/}}
fi

# An image made from the same says so in a label: then there is nothing to do.
sum_label=io.github.jupyter-docker.image.made-from
sum=$({
	echo "$spark $hadoop $java $s3a $python" "${SCALA_VERSION:-}" "${PYTHON_VERSION:-}" "${JAVA_VERSION:-}" \
		"${JUPYTERLAB_VERSION:-}" "${JUPYTER_SERVER_VERSION:-}"
	"$docker" image inspect -f '{{.Id}}' "$base"
	cd "$work/context" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
} | sha256sum | cut -d' ' -f1)
made_from() { "$docker" image inspect -f "{{index .Config.Labels \"$sum_label\"}}" "$1" 2>/dev/null; }
if [ "$(made_from "$notebook_image")" = "$sum" ] && [ "$(made_from "$executor_image")" = "$sum" ] &&
	"$docker" image inspect "$spark_image" >/dev/null 2>&1; then
	say "$notebook_image and $executor_image are built already"
	echo "$notebook_image"
	exit
fi

# shellcheck disable=SC2016 # the image's shell expands it
codename=$(in_image "$base" sh -c '. /etc/os-release; echo "$VERSION_CODENAME"')
mkdir "$work/secrets"
releases=("$codename")
# Debian 13 has neither Java 8 nor Python 2.7 any more: see spark2/install-os.
if [ "$recipe-$codename" = spark2-trixie ]; then releases+=(sid bullseye); fi
host_secrets "$work/secrets" "${releases[@]}"

# steps prints a line for each build step, as it comes, that was not there before.
steps() {
	sed -unE 's/--mount=[^ ]+ +//g; s/^#[0-9]+ (\[[a-z0-9-]+ +[0-9]+\/[0-9]+\] .{1,70}).*/    \1/p' |
		awk -v file="$work/seen" '
			BEGIN { while ((getline line <file) > 0) seen[line] = 1 }
			!seen[$0]++ { print; print >>file; fflush() }' >&2
}

build() { # DOCKERFILE-FOLDER ARGUMENT...
	"$docker" build --progress plain "${build_flags[@]}" -f "$work/context/$1/Dockerfile" "${@:2}" "$work/context" 2>&1 |
		tee "$work/log" | steps || { tail -n 40 "$work/log" >&2; die "build $1: see above"; }
}

# build_labelled DOCKERFILE-FOLDER TAG NAMES ARGUMENT... builds twice: without
# labels, to see which versions NAMES have become, and with them.
build_labelled() {
	local name var found labels=() names=$3
	build "$1" --iidfile "$work/files" --target files "${@:4}"
	found=$(in_image "$(cat "$work/files")" image-versions)
	for name in $names; do
		var=$(tr 'a-z-' 'A-Z_' <<<"$name")_VERSION
		labels+=(--build-arg "$var=${!var:-$(sed -n "s/^$name=//p" <<<"$found")}")
	done
	build_tag "$2" build "$1" "${@:4}" "${labels[@]}"
	"$docker" rmi "$(cat "$work/files")" >/dev/null 2>&1 || true
}

say "building $spark_image on $base"
build_labelled "$recipe" "$spark_image" 'scala python java' \
	--build-arg "BASE_IMAGE=$base" --build-arg "JAVA_MAJOR=$java" --build-arg "PYTHON=$python" \
	--build-arg "SPARK_VERSION=$spark" --build-arg "HADOOP_VERSION=$hadoop" --build-arg "S3A=$s3a"
# What is made from the same base and files is of one build: driver and executors may be told so.
build_id=$({ "$docker" image inspect -f '{{.Id}}' "$spark_image"; echo "$sum"; } | sha256sum | cut -c1-32)
say "building $notebook_image"
build_labelled jupyterlab-spark-hadoop "$notebook_image" 'jupyterlab jupyter-server' \
	--build-arg "SPARK_BASE=$spark_image" --build-arg "BUILD_ID=$build_id" --label "$sum_label=$sum"
say "building $executor_image"
build_tag "$executor_image" build spark-executor --build-arg "SPARK_BASE=$spark_image" \
	--build-arg "NOTEBOOK=$notebook_image" --build-arg "BUILD_ID=$build_id" --label "$sum_label=$sum"
say "built $notebook_image and $executor_image in $((SECONDS - start)) s: build $build_id"
echo "$notebook_image"
