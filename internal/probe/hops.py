# The way to the cluster, and who has come back on it.
import errno
import re
import xml.etree.ElementTree

STATES = {errno.ECONNREFUSED: "refused", errno.ETIMEDOUT: "timed out", errno.EHOSTUNREACH: "unreachable",
          errno.ENETUNREACH: "unreachable", errno.ENETDOWN: "unreachable", errno.EHOSTDOWN: "unreachable"}


def dial(host, port, seconds):
    """How host:port answers: ok, unresolvable, unreachable, refused or timed out."""
    import socket  # it runs on executors, too
    try:
        address = socket.getaddrinfo(host.strip("[]"), port, 0, socket.SOCK_STREAM)[0][4][0]
    except (socket.error, UnicodeError):
        return "unresolvable", ""
    try:
        socket.create_connection((address, port), seconds).close()
        return "ok", address
    except socket.timeout:
        return "timed out", address
    except (socket.error, OSError) as error:
        return STATES.get(error.errno, str(error)), address


def hops(targets):
    """Dials all (what, host, port) at once."""
    works = [(target, Work(lambda target=target: dial(target[1], target[2], 4))) for target in targets]
    found = []
    for (what, host, port), work in works:
        work.wait(max(0.1, 8 - (time.time() - work.began)))
        state, address = work.value or ("unresolvable", "")  # a name server that does not answer
        found.append({"what": what, "host": host, "port": port, "state": work.error or state, "address": address})
    return found


def loopback(host):
    return host == "localhost" or host.startswith("127.") or host == "::1"


def split(address, port):
    """host and port of host:port, [v6]:port or a host alone."""
    found = re.match(r"^\[?([^\]]*?)\]?(?::(\d+))?$", address)
    return found.group(1), int(found.group(2) or port)


def site(directory):
    """The properties of Hadoop's files."""
    found = {}
    for name in ("core-site.xml", "hdfs-site.xml", "yarn-site.xml"):
        try:
            tree = xml.etree.ElementTree.parse(os.path.join(directory, name))
        except (IOError, OSError, xml.etree.ElementTree.ParseError):
            continue
        for entry in tree.iter("property"):
            found[(entry.findtext("name") or "").strip()] = (entry.findtext("value") or "").strip()
    for name, value in found.items():
        found[name] = re.sub(r"\$\{([^}]*)\}", lambda match: found.get(match.group(1), match.group(0)), value)
    return found


def hadoop_dir():
    return os.environ.get("HADOOP_CONF_DIR") or os.environ.get("YARN_CONF_DIR") or ""


def hadoop(conf):
    settings = site(hadoop_dir()) if hadoop_dir() else {}
    settings.update((name[13:], value) for name, value in conf.items() if name.startswith("spark.hadoop."))
    return settings


def file_system(settings):
    return settings.get("fs.defaultFS", settings.get("fs.default.name", ""))


def yarn_targets(conf):
    """The resource managers and name nodes that Hadoop's files name, and the pages of the former."""
    settings = hadoop(conf)
    targets, pages, ids = [], [], [""]
    if settings.get("yarn.resourcemanager.ha.enabled") == "true":
        ids = ["." + word.strip() for word in settings.get("yarn.resourcemanager.ha.rm-ids", "").split(",")]
    for suffix in ids:
        host = settings.get("yarn.resourcemanager.hostname" + suffix, "")
        address = settings.get("yarn.resourcemanager.address" + suffix, host)
        if address and not address.startswith("0.0.0.0"):
            targets.append(("resource manager",) + split(address, 8032))
            page = settings.get("yarn.resourcemanager.webapp.address" + suffix, host or split(address, 0)[0])
            pages.append("http://%s:%d" % split(page, 8088))
    files = re.match(r"^hdfs://([^/]+)", file_system(settings))
    if files:
        service = files.group(1)
        nodes = settings.get("dfs.ha.namenodes." + service, "")
        for node in nodes.split(",") if nodes else [""]:
            address = settings.get("dfs.namenode.rpc-address.%s.%s" % (service, node.strip()), service)
            targets.append(("name node",) + split(address, 8020))
    return targets, pages


def cluster(master, conf):
    """What to dial for a master, and where its pages are."""
    if master.startswith("spark://"):
        targets = [("master",) + split(word, 7077) for word in master[8:].split(",")]
        return targets, ["http://%s:%s" % (host, conf.get("spark.master.ui.port", "8080")) for _, host, _ in targets]
    if master.startswith("sc://"):
        return [("Connect server",) + split(re.split("[/;?]", master[5:])[0].split("@")[-1], 15002)], []
    if master == "yarn":
        return yarn_targets(conf)
    if master.startswith("k8s://"):
        address = re.sub("^[a-z]+://", "", master[6:]).split("/")[0]
        return [("Kubernetes",) + split(address, 80 if master[6:].startswith("http://") else 443)], []
    return [], []


def way(master, conf):
    """How the cluster's addresses answer, where its pages are, and what is told of both."""
    targets, pages = cluster(master, conf)
    known = hops(targets)
    # A Connect server's address may hold a token.
    return known, pages, {"master": re.split("[;?]", master)[0], "cluster": known, "hadoop": hadoop_dir(), "files": file_system(hadoop(conf))}


def answers(known):
    """Whether one of each kind of server answers."""
    whats = set(hop["what"] for hop in known)
    return bool(whats) and all(any(hop["state"] == "ok" for hop in known if hop["what"] == what) for what in whats)


def unhex(text):
    """An address of /proc/net/tcp or tcp6, as a person writes it."""
    raw = bytearray.fromhex(text)
    raw = b"".join(bytes(raw[i:i + 4][::-1]) for i in range(0, len(raw), 4))
    if len(raw) == 16 and raw[:12] == b"\0" * 10 + b"\xff\xff":
        raw = raw[12:]
    return socket.inet_ntop(socket.AF_INET6 if len(raw) == 16 else socket.AF_INET, raw)


def callers(port):
    """Other addresses that have a connection to a port of this side."""
    found = set()
    for name in ("tcp", "tcp6"):
        try:
            with open("/proc/net/" + name) as lines:
                rows = [line.split() for line in lines][1:]
        except (IOError, OSError):
            continue
        for row in rows:
            (own, own_port), (other, _) = row[1].split(":"), row[2].split(":")
            if int(own_port, 16) == port and row[3] != "0A" and other != own:
                found.add(unhex(other))
    return sorted(found)
