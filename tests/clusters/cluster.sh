#!/usr/bin/env bash
# Real clusters on what is to a notebook another machine: a network namespace from
# which this host's addresses and its published ports can be reached, and no
# container's own. Needs root and a docker engine.
#
#   tests/clusters/cluster.sh up [standalone] [yarn] [connect] [s3]   start what is missing, wait until it serves, print env
#   tests/clusters/cluster.sh env              print NAME=VALUE lines: addresses, and a client's Hadoop configuration
#   tests/clusters/cluster.sh block PORTS...   drop what the cluster sends to these ports (35000 or 35000:35031) of this host
#   tests/clusters/cluster.sh unblock          no more
#   tests/clusters/cluster.sh inside COMMAND...   run this host's command in the cluster's network
#   tests/clusters/cluster.sh logs SERVICE     namenode datanode resourcemanager nodemanager master worker1 worker2 connect s3
#   tests/clusters/cluster.sh down             remove what `up` made
#
#   CLUSTER_NAME (c1)          up to 8 letters and digits: two clusters need two names
#   CLUSTER_SUBNET (10.99.0)   the host is .1 in it, the cluster .2, its second worker .3
#   CLUSTER_SPARK_IMAGE        what the standalone master and workers run: our executor image; any that has spark-class
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=images/host.sh
. ../../images/host.sh
PATH=$PATH:/usr/sbin:/sbin

name=${CLUSTER_NAME:-c1}
subnet=${CLUSTER_SUBNET:-10.99.0}
address=$subnet.2
label=io.github.jupyter-docker.test-cluster
state=$(cd ../.. && pwd)/.cache/clusters/$name
spark=3.5.6 hadoop=3.4.1 connect=3.5.7
prefix=jupyter-docker.local
image=$prefix/test-cluster:$spark-hadoop$hadoop
[[ $name =~ ^[a-z0-9]{1,8}$ ]] || die "use CLUSTER_NAME=$name: up to 8 letters and digits"

container() { echo "jupyter-docker-test-$name-$1"; }
has_image() { "$docker" image inspect "$1" >/dev/null 2>&1; }
running() { [ "$("$docker" inspect -f '{{.State.Running}}' "$(container "$1")" 2>/dev/null)" = true ]; }
ask() { curl -fsS --noproxy '*' --max-time 5 "$@" 2>/dev/null; }
inside() { nsenter -n -t "$("$docker" inspect -f '{{.State.Pid}}' "$(container net)")" "$@"; }

# build BASE makes what the servers beside Spark run, unless it is made from the same.
build() {
	local work sum
	sum=$(cat image/* ../../images/lib/* <("$docker" image inspect -f '{{.Id}}' "$1") | sha256sum | cut -d' ' -f1)
	[ "$("$docker" image inspect -f "{{index .Config.Labels \"$label\"}}" "$image" 2>/dev/null)" != "$sum" ] || return 0
	say "building $image"
	work=$(mktemp -d)
	mkdir "$work/context" "$work/secrets"
	cp -r image/. ../../images/lib "$work/context"
	host_secrets "$work/secrets" bookworm
	build_tag "$image" build_in "$work" --label "$label=$sum" \
		--build-arg "SPARK_BASE=$1" --build-arg "BASE_IMAGE=$(../../images/base.sh)" \
		--build-arg "HADOOP_VERSION=$hadoop" --build-arg "CONNECT_VERSION=$connect"
	rm -rf "$work"
}
# shellcheck disable=SC2154 # host.sh sets what is not set here
build_in() {
	"$docker" build --progress plain "${build_flags[@]}" "${@:2}" "$1/context" >"$1/log" 2>&1 ||
		{ tail -n 30 "$1/log" >&2; rm -rf "$1"; die "build $image: see above"; }
}

# images KINDS... builds what is missing for them, and sets $spark_image. A standalone
# cluster by itself runs nothing else.
images() {
	local base=$prefix/spark-base:$spark-hadoop$hadoop
	has_image "$base" || ../../images/build.sh >/dev/null
	[ "$*" = standalone ] || build "$base"
	spark_image=${CLUSTER_SPARK_IMAGE:-$prefix/spark-executor:$spark-hadoop$hadoop}
	if [ -z "${CLUSTER_SPARK_IMAGE:-}" ] && ! has_image "$spark_image"; then spark_image=$base; fi
	has_image "$spark_image" || die "use CLUSTER_SPARK_IMAGE=$spark_image: no such image"
}

# run SERVICE IMAGE COMMAND... starts a server in the cluster's network, unless it
# runs, as the same command of the same image.
run() {
	local service=$1 of=$2 ip=${host:-$address} made
	made=$("$docker" image inspect -f '{{.Id}}' "$of"):${*:3}
	if running "$service" && [ "$("$docker" inspect -f "{{index .Config.Labels \"$label.made\"}}" "$(container "$service")")" = "$made" ]; then
		return
	fi
	"$docker" rm -f "$(container "$service")" >/dev/null 2>&1 || true
	"$docker" run -d --name "$(container "$service")" --label "$label=$name" --label "$label.made=$made" \
		--network "container:$(container net)" --log-opt max-size=20m -v "$state/conf:/conf:ro" -e HADOOP_CONF_DIR=/conf \
		-e "ADDRESS=$ip" -e "SPARK_LOCAL_IP=$ip" -e "SPARK_PUBLIC_DNS=$ip" -e SPARK_DAEMON_MEMORY=256m \
		-e 'SPARK_DAEMON_JAVA_OPTS=-XX:+UseSerialGC -XX:TieredStopAtLevel=1' "$of" "${@:3}" >/dev/null
}

# routes lets the cluster reach this host's addresses, and nothing else: by a default
# route it would reach containers' own too, at ports that they publish.
routes() {
	local a
	while read -r a; do
		inside ip route replace "${a%/*}" via "$subnet.1"
	done < <(ip -4 -o addr show scope global | awk '$2 !~ /^(docker|br-|jdt-)/ {print $4}')
}

# network makes the namespace: a container that does nothing holds it, so that
# servers come and go in it.
network() {
	local veth=jdt-$name pid
	if running net && ip link show "$veth" >/dev/null 2>&1; then return; fi
	remove
	! ip -4 -o addr show to "$subnet.0/24" | grep -q . || die "use CLUSTER_SUBNET=$subnet: this host has addresses in it"
	# A server whose own name does not resolve waits a minute for it, and dies. By
	# address a host is called by its address: a name of it no notebook could resolve.
	"$docker" run -d --name "$(container net)" --label "$label=$name" --network none --hostname "cluster-$name" --dns 127.0.0.1 \
		--add-host "$address:$address" --add-host "cluster-$name:$address" --entrypoint sleep "$spark_image" infinity >/dev/null 2>&1
	pid=$("$docker" inspect -f '{{.State.Pid}}' "$(container net)")
	ip link add "$veth" type veth peer name eth0 netns "$pid"
	ip addr add "$subnet.1/24" dev "$veth"
	ip link set "$veth" up
	inside ip addr add "$address/24" dev eth0
	inside ip addr add "$subnet.3/24" dev eth0
	inside ip link set eth0 up
	inside iptables -N blocked
	inside iptables -A OUTPUT -j blocked
}

# site FILE NAME=VALUE... writes a file of Hadoop's configuration.
site() {
	{
		echo '<configuration>'
		printf '%s\n' "${@:2}" | sed -E 's|^([^=]+)=(.*)$|  <property><name>\1</name><value>\2</value></property>|'
		echo '</configuration>'
	} >"$1"
}

# settings writes what clients get, in client/, and what the servers get, in conf/.
settings() {
	local conf=$state/conf client=$state/client
	[ ! -e "$state/complete" ] || return 0
	mkdir -p "$conf" "$client"
	S3_ACCESS_KEY=tests$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
	S3_SECRET_KEY=$(od -An -N20 -tx1 /dev/urandom | tr -d ' \n')
	printf 'S3_ACCESS_KEY=%s\nS3_SECRET_KEY=%s\n' "$S3_ACCESS_KEY" "$S3_SECRET_KEY" >"$state/keys"
	jq -n --arg k "$S3_ACCESS_KEY" --arg s "$S3_SECRET_KEY" '{identities: [{name: "tests",
		credentials: [{accessKey: $k, secretKey: $s}], actions: ["Admin", "Read", "Write", "List", "Tagging"]}]}' >"$conf/s3.json"
	local s3=(fs.s3a.endpoint="http://$address:8333" fs.s3a.endpoint.region=us-east-1 fs.s3a.path.style.access=true
		fs.s3a.connection.ssl.enabled=false fs.s3a.access.key="$S3_ACCESS_KEY" fs.s3a.secret.key="$S3_SECRET_KEY")
	site "$client/core-site.xml" fs.defaultFS="hdfs://$address:8020" "${s3[@]}"
	site "$client/hdfs-site.xml" dfs.replication=1
	site "$client/yarn-site.xml" yarn.resourcemanager.hostname="$address"
	node_settings "$conf"
	touch "$state/complete"
}

# Everything is told its address, and asked for no names: none resolve here.
node_settings() {
	site "$1/core-site.xml" fs.defaultFS="hdfs://$address:8020" hadoop.tmp.dir=/var/hadoop
	site "$1/hdfs-site.xml" dfs.replication=1 dfs.permissions.enabled=false dfs.namenode.datanode.registration.ip-hostname-check=false \
		dfs.datanode.hostname="$address" dfs.datanode.address="$address:9866" dfs.datanode.ipc.address="$address:9867" \
		dfs.datanode.http.address="$address:9864" dfs.namenode.http-address="$address:9870" dfs.heartbeat.interval=1
	site "$1/yarn-site.xml" yarn.resourcemanager.hostname="$address" yarn.nodemanager.hostname="$address" \
		yarn.nodemanager.bind-host=0.0.0.0 yarn.nodemanager.address="$address:8041" yarn.nodemanager.webapp.address="$address:8042" \
		yarn.nodemanager.resource.memory-mb=8192 yarn.nodemanager.resource.cpu-vcores=8 \
		yarn.nodemanager.vmem-check-enabled=false yarn.nodemanager.pmem-check-enabled=false \
		yarn.nodemanager.local-dirs=/var/hadoop/local yarn.nodemanager.log-dirs=/var/hadoop/logs \
		yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage=100 \
		yarn.scheduler.minimum-allocation-mb=128 yarn.resourcemanager.nodemanagers.heartbeat-interval-ms=200 \
		yarn.nodemanager.env-whitelist=JAVA_HOME,HADOOP_CONF_DIR,PATH,LANG,SPARK_LOCAL_IP
	site "$1/capacity-scheduler.xml" yarn.scheduler.capacity.root.queues=default yarn.scheduler.capacity.root.default.capacity=100 \
		yarn.scheduler.capacity.root.default.maximum-capacity=100 yarn.scheduler.capacity.maximum-am-resource-percent=1
}

# The workers have an address each: executors of one host read one another's disks.
# They offer room for four sessions of two executors, so that stories side by side do not wait for one another.
start_standalone() {
	local deploy=org.apache.spark.deploy n host
	run master "$spark_image" spark-class $deploy.master.Master --host "$address" --port 7077 --webui-port 8080
	for n in 1 2; do
		host=$subnet.$((n + 1))
		run worker$n "$spark_image" spark-class $deploy.worker.Worker --host "$host" --webui-port $((8080 + n)) \
			--cores 4 --memory 2g --work-dir /tmp/work "spark://$address:7077"
	done
}
start_yarn() { for s in namenode datanode resourcemanager nodemanager; do run $s "$image" daemon $s; done; }
start_connect() { run connect "$image" daemon connect; }
start_s3() { run s3 "$image" daemon s3; }

serves_standalone() { [ "$(ask "http://$address:8080/json/" | jq .aliveworkers)" = 2 ]; }
serves_yarn() {
	[ "$(ask "http://$address:8088/ws/v1/cluster/metrics" | jq .clusterMetrics.activeNodes)" = 1 ] &&
		[ "$(ask "http://$address:9870/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState" | jq '.beans[0].NumLiveDataNodes')" = 1 ] &&
		make_dir user/jupyter && make_dir tmp
}
make_dir() { ask -o /dev/null -X PUT "http://$address:9870/webhdfs/v1/$1?op=MKDIRS&permission=1777&user.name=jupyter"; }
# An empty message, which it refuses: whoever answers with a gRPC status speaks gRPC.
serves_connect() {
	head -c 5 /dev/zero | ask -D - -o /dev/null --http2-prior-knowledge -H 'content-type: application/grpc' -H 'te: trailers' --data-binary @- \
		"http://$address:15002/spark.connect.SparkConnectService/AnalyzePlan" | grep -q '^grpc-status'
}
serves_s3() {
	local code
	# shellcheck source=/dev/null
	. "$state/keys"
	code=$(ask -o /dev/null -w '%{http_code}' -X PUT --aws-sigv4 aws:amz:us-east-1:s3 -u "$S3_ACCESS_KEY:$S3_SECRET_KEY" "http://$address:8333/notebooks" || true)
	[ "$code" = 200 ] || [ "$code" = 409 ]
}

wait_for() {
	local until=$((SECONDS + 150)) dead why="it does not serve after 150 s, see $0 logs"
	until "serves_$1"; do
		dead=$("$docker" ps -aq --filter "label=$label=$name" --filter status=exited | head -n 1)
		if [ -n "$dead" ] || [ $SECONDS -ge $until ]; then
			[ -z "$dead" ] || { "$docker" logs "$dead" 2>&1 | tail -n 20 >&2; why='a server ended, see above'; }
			die "start $1: $why"
		fi
		sleep 0.3
	done
	say "$1 serves after $SECONDS s"
}

up() {
	local s
	[ $# -gt 0 ] || set -- standalone yarn connect s3
	for s; do declare -F "serves_$s" >/dev/null || die "start $s: standalone, yarn, connect and s3 are known"; done
	find_docker
	mkdir -p "$state"
	exec 9>"$state/lock"
	flock 9
	images "$@"
	network
	routes
	settings
	for s; do "start_$s" & done
	wait
	for s; do wait_for "$s"; done
	show
}

# The nodes of YARN have a Spark of the default version: with its jars as
# spark.yarn.jars a session uploads none of its own.
show() {
	[ ! -e "$state/keys" ] || cat "$state/keys"
	cat <<-END
		CLUSTER_ADDRESS=$address
		HOST_ADDRESS=$subnet.1
		SPARK_MASTER=spark://$address:7077
		SPARK_MASTER_UI=http://$address:8080
		SPARK_YARN_JARS=local:/opt/spark/jars/*
		YARN_UI=http://$address:8088
		SPARK_REMOTE=sc://$address:15002
		S3_ENDPOINT=http://$address:8333
		S3_BUCKET=notebooks
		HADOOP_CONF=$state/client
	END
}

remove() {
	local ids
	mapfile -t ids < <("$docker" ps -aq --filter "label=$label=$name")
	# The namespace goes with its last container, and the veth with the namespace.
	[ ${#ids[@]} = 0 ] || "$docker" rm -f "${ids[@]}" >/dev/null
	ip link del "jdt-$name" 2>/dev/null || true
}

case ${1:-} in
up) up "${@:2}" ;;
env) show ;;
block)
	[ $# -gt 1 ] || die "block nothing: name ports"
	find_docker
	for ports in "${@:2}"; do inside iptables -A blocked -p tcp --dport "$ports" -j DROP; done
	;;
unblock) find_docker; inside iptables -F blocked ;;
inside) find_docker; inside "${@:2}" ;;
logs) find_docker; "$docker" logs "$(container "${2:?SERVICE}")" ;;
down) find_docker; remove; rm -rf "$state" ;;
*) sed -n '2,18s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
