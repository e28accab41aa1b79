# What the cluster's own pages say of executors that did not come back.
import xml.sax.saxutils

try:
    from urllib.request import ProxyHandler, build_opener
except ImportError:  # Python 2.7
    from urllib2 import ProxyHandler, build_opener

IDLE = re.compile("not yet running|OnOutOfMemoryError")
TELLING = re.compile(r"Exception|Error|ERROR|refused|timed out|Caused by|Failed|failed|exitCode|No such file")


def read(url):
    answer = build_opener(ProxyHandler({})).open(url, timeout=3)
    try:
        return answer.read(1 << 20).decode("utf-8", "replace")
    finally:
        answer.close()


def lines_of(text):
    """The lines of a log, or of a page that shows one, that say what went wrong."""
    text = xml.sax.saxutils.unescape(re.sub("<[^>]*>", "\n", text), {"&quot;": '"'})
    found = []
    for line in text.split("\n"):
        line = line.strip()[:600]
        if TELLING.search(line) and not IDLE.search(line) and not line.startswith("at ") and line not in found:
            found.append(line)
    return found[-40:]


class Clues(object):
    """Gathers lines, and what could not be read."""

    def __init__(self):
        self.lines, self.notes, self.states = [], [], []

    def page(self, what, url):
        try:
            return read(url)
        except Exception as error:
            note = "%s at %s cannot be read: %s" % (what, url.split("?")[0], text_of(error).strip().split("\n")[-1])
            if note not in self.notes:
                self.notes.append(note)
            return ""

    def json(self, what, url):
        text = self.page(what, url)
        try:
            return json.loads(text or "{}")
        except ValueError:
            self.notes.append("%s at %s is not JSON" % (what, url))
            return {}

    def log(self, what, url):
        for line in lines_of(self.page(what, url)):
            if line not in self.lines:
                self.lines.append(line)

    def standalone(self, pages, name):
        """Whether a master lists the application of that name; None when that is not known."""
        listed = None
        for page in pages:
            master = self.json("the master's page", page + "/json/")
            if listed is None and "activeapps" in master:
                listed = False
            for app in master.get("activeapps", []):
                if app.get("name") == name:
                    listed = True
                    self.states.append("the master says %s" % app.get("state"))
                    for worker in master.get("workers", []):
                        if worker.get("state") == "ALIVE":
                            self.worker(worker["webuiaddress"], app["id"])
        return listed

    def worker(self, page, app):
        known = self.json("a worker's page", page + "/json/")
        mine = [int(e["id"]) for e in known.get("executors", []) + known.get("finishedexecutors", []) if e.get("appid") == app]
        if mine:
            self.states.append("%d executors were started at %s" % (len(mine), page))
        for number in sorted(mine)[-2:]:
            self.log("an executor's log", "%s/log/?appId=%s&executorId=%d&logType=stderr&byteLength=100000" % (page, app, number))

    def yarn(self, pages, name):
        for page in pages:
            apps = self.json("the resource manager's page", page + "/ws/v1/cluster/apps?applicationTypes=SPARK")
            for app in (apps.get("apps") or {}).get("app", []):
                if app.get("name") == name:
                    self.application(page, app)

    def application(self, page, app):
        self.states.append("YARN says %s" % app["state"])
        self.lines.extend(lines_of(app.get("diagnostics", "")))
        if app.get("amContainerLogs"):
            self.log("the application master's log", app["amContainerLogs"] + "/stderr/?start=-60000")
        nodes = self.json("the resource manager's page", page + "/ws/v1/cluster/nodes")
        for node in (nodes.get("nodes") or {}).get("node", [])[:20]:
            address = "http://" + node.get("nodeHTTPAddress", "")
            held = self.json("a node's page", address + "/ws/v1/node/containers")
            for container in (held.get("containers") or {}).get("container", []):
                if app["id"].replace("application", "container") in container["id"]:
                    self.log("a container's log", container["containerLogsLink"] + "/stderr/?start=-60000")

    def registered(self, context):
        """The logs of executors that have registered, where the driver was told of them."""
        known = context._jsc.sc().statusStore().executorList(True)
        for number in range(known.size()):
            log = known.apply(number).executorLogs().get("stderr")
            if log.isDefined():
                url = log.get().replace("/logPage/", "/log/")
                self.log("an executor's log", re.sub("start=-?[0-9]+", "start=-60000", url))
