#!/usr/bin/env bash
# From nothing to a served notebook on this machine, as root. Run again, it
# finds all in place within seconds, or makes what has changed.
#
#   JUPYTER_IMAGE=REFERENCE   takes this image instead of building ours
#   PORT=8888                 where the notebook is offered
#   MODEL=notebooks           the model that it is deployed in
set -euo pipefail
cd "$(dirname "$0")/.."

app=jupyter-docker
model=${MODEL:-notebooks}
juju=$PWD/bin/localjuju
charm=$PWD/jupyter-docker_$(go env GOARCH).charm
start=$SECONDS

say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'cannot %s\n' "$*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || die "run the notebook: installing and starting an engine needs root"

# own_image builds our image and puts it into the registry under a tag made of its
# ID, so that another image is another reference, and prints that.
own_image() {
	local built registry reference
	built=$(images/build.sh)
	# shellcheck source=images/host.sh
	. images/host.sh
	find_docker
	registry=$(dev/engine.sh registry)
	reference=$registry/jupyterlab-spark-hadoop:${built##*:}-$("$docker" image inspect -f '{{slice .Id 7 19}}' "$built")
	if ! in_registry "$reference"; then
		say "pushing $reference"
		"$docker" tag "$built" "$reference"
		push "$reference"
		"$docker" rmi "$reference" >/dev/null
	fi
	echo "$reference"
}

push() { # REFERENCE
	local total
	total=$("$docker" image inspect -f '{{len .RootFS.Layers}}' "$1")
	"$docker" push "$1" | awk -v total="$total" '
		/: (Pushed|Layer already exists|Mounted from)/ { printf "    %d/%d layers\n", ++n, total; fflush() }' >&2
}

# status PATH prints a field of the application's status; empty when it has none.
status() { "$juju" status --format json | jq -r ".applications[\"$app\"]$1 // empty"; }

deploy() {
	local sum
	"$juju" switch "$model" >/dev/null 2>&1 || "$juju" add-model "$model"
	sum=$(sha256sum "$charm" | cut -d' ' -f1)
	if [ -z "$(status '')" ]; then
		say "deploying $(basename "$charm")"
		"$juju" deploy "$charm" $app --config "jupyter-image=$image" --config "port=${PORT:-8888}"
		find_unit
	else
		find_unit
		update "$sum"
	fi
	mkdir -p .cache
	echo "$sum" >.cache/deployed
}

find_unit() {
	unit=$(status '.units | keys[0]')
	of_unit=".units.\"$unit\""
}

# update SUM makes what has changed, and waits until Juju has begun to: until then
# the status is that of before. Where nothing has, and something is still wrong, its
# cause may be mended by now: that is tried again at once.
update() {
	local before changed='' i
	before=$(agent)
	if [ "$(cat .cache/deployed 2>/dev/null)" != "$1" ]; then
		"$juju" refresh $app --path "$charm"
		changed=yes
	fi
	configure jupyter-image "$image"
	[ -z "${PORT:-}" ] || configure port "$PORT"
	if [ -z "$changed" ]; then
		[ "$(status "$of_unit.\"workload-status\".current")" != blocked ] || "$juju" run "$unit" apply >/dev/null || true
		return
	fi
	for ((i = 0; i < 50; i++)); do
		[ "$(agent)" = "$before" ] || return 0
		sleep 0.1
	done
}

# agent prints what the unit's agent does, and since when.
agent() { status "$of_unit.\"juju-status\" | \"\(.current) \(.since)\""; }

configure() { # OPTION VALUE
	[ "$("$juju" config $app "$1")" != "$2" ] || return 0
	"$juju" config $app "$1=$2"
	changed=yes
}

# wait_active waits until the unit is active or blocked, and rests: while a hook
# runs, the status may be that of before. Both are read at once.
wait_active() {
	local agent now was='' until=$((SECONDS + ${WAIT_SECONDS:-1800}))
	while true; do
		now=$(status "$of_unit | .\"workload-status\" as \$w | \"\(.\"juju-status\".current) \(\$w.current): \(\$w.message // \"\")\"")
		agent=${now%% *} now=${now#* }
		case $agent/$now in
		idle/active:*) return ;;
		idle/blocked:*) die "serve the notebook: $now" ;;
		esac
		if [ "$now" != "$was" ]; then say "$unit $now"; was=$now; fi
		[ $SECONDS -lt $until ] || die "serve the notebook: still $now (see $juju debug-log)"
		sleep 0.5
	done
}

dev/engine.sh up
image=${JUPYTER_IMAGE:-$(own_image)}
say "building the charm and localjuju"
make --no-print-directory -s build charm
deploy
wait_active
url=$("$juju" run "$unit" get-url --format json 2>/dev/null | jq -r 'first(.[]).results.url') || die "ask the unit for its address"

cat <<END

The notebook is served at  $url    ($((SECONDS - start)) s)
Its token                  bin/localjuju run $unit get-token

Try next
  bin/localjuju status
  bin/localjuju config $app memory-limit=2g      # changed without a restart
  bin/localjuju run $unit plan                   # what the charm would do now, and why
END
