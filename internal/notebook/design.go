package notebook

import (
	"net"
	"strconv"

	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

const serveFormat = 3

// Design says what should run. dir is the unit's directory on the host, group the
// unit's group, and was what serves now, nil for nothing: an address in use stays
// as long as Juju lists it. The networks of in are narrowed already.
func Design(in Inputs, o Options, dir string, group int, was *Serve) Spec {
	data := or(in.Storage, dir+"/notebooks")
	serve := Serve{
		Format: serveFormat, Image: o.Image, Command: o.Command, Environment: o.Environment,
		ShmSize: o.ShmSize, NetworkMode: o.NetworkMode, BaseURL: o.BaseURL, CullMinutes: o.CullMinutes,
		Proxy: in.Proxy, Data: data, Group: group, Settings: settingsDigest(), Sudo: o.AllowSudo,
	}
	if in.Credential != nil {
		serve.Credential = in.Credential.Revision
	}
	conf, bind := designSpark(in, o, was)
	serve.Spark = conf.serve(bind)
	spec := Spec{
		Unit: in.Unit, Serve: serve, Spark: conf, Limits: Limits{Memory: o.Memory, CPU: o.CPU, Pids: o.Pids},
		Storage: in.Storage != "", When: o.SwitchWhen, IdleMinutes: o.IdleMinutes,
		StartTimeout: o.StartTimeout, PullTimeout: o.PullTimeout,
		Gateway: Gateway{Trusted: in.Proxies},
	}
	for _, addr := range in.Website.Values() {
		spec.Gateway.Listen = append(spec.Gateway.Listen, net.JoinHostPort(addr, strconv.Itoa(o.Port)))
	}
	return spec
}

// designSpark says what Spark needs, and at which address of this machine the
// driver's ports are published.
func designSpark(in Inputs, o Options, was *Serve) (conf SparkSpec, bind string) {
	var now SparkServe
	if was != nil {
		now = was.Spark
	}
	ingress := in.Spark.Prefer(now.Host)
	bind = in.Spark.PreferBind(now.Bind, ingress)
	conf = SparkSpec{SparkOptions: o.Spark, Hadoop: in.Hadoop, Hosts: in.Hosts}
	conf.Driver = spark.Driver{Host: or(o.Spark.Host, ingress), Bind: "0.0.0.0", HostNetwork: o.NetworkMode == NetworkHost}
	if conf.Driver.HostNetwork {
		conf.Driver.Bind = bind
	}
	return conf, bind
}
