# Proves that executors find their way back to a driver in this container: with
# the container's own configuration, one executor and two jobs. What is known is
# told at once, so that it stays known when the time is over.
import platform
import random

NAME = "jupyter-docker check-driver %08x" % random.randrange(1 << 32)

# Few resources, and no long waits where nobody answers. What executors dial is
# what they would dial for any other session.
FEW = {
    "spark.executor.instances": "1", "spark.cores.max": "1", "spark.executor.cores": "1", "spark.executor.memory": "512m",
    "spark.dynamicAllocation.enabled": "false", "spark.task.cpus": "1", "spark.task.maxFailures": "1", "spark.yarn.maxAppAttempts": "1",
    "spark.scheduler.minRegisteredResourcesRatio": "0", "spark.ui.showConsoleProgress": "false",
    "spark.rpc.io.connectionTimeout": "20s", "spark.rpc.io.connectionCreationTimeout": "6s",
    "spark.shuffle.io.connectionTimeout": "20s", "spark.shuffle.io.connectionCreationTimeout": "6s",
    "spark.shuffle.io.maxRetries": "1", "spark.shuffle.io.retryWait": "1s",
}

# Seconds that a driver waits for a master's answer before it asks again.
REGISTRATION = 20

# Lines after which no more is to be learnt by waiting.
CONCLUSIVE = re.compile("UnknownHostException|Connection refused|timed out|No route to host|unreachable|UTFDataFormat|InvalidClass|"
                        "StreamCorrupted|Failed to connect to|Cannot run program|error=2")


def begin():
    from pyspark.sql import SparkSession
    builder = SparkSession.builder.appName(NAME)
    if "SPARK_REMOTE" not in os.environ:
        for name, value in FEW.items():
            builder = builder.config(name, value)
    return builder.getOrCreate()


class Check(object):
    def __init__(self):
        self.known = []
        self.session, self.clues, self.pages, self.master = None, Clues(), [], ""
        self.host, self.rpc, self.block, self.lost = "", 0, 0, False
        self.seen, self.asked, self.told, self.since, self.listed = {}, 0, 0, 0, None

    def run(self):
        remote = os.environ.get("SPARK_REMOTE")
        conf = {} if remote else self.configuration()
        if conf is None:
            return
        self.master = remote or conf.get("spark.master", "local[*]")
        self.known, self.pages, found = way(self.master, conf)
        say(host=conf.get("spark.driver.host", ""), own=socket.gethostname(), **found)
        if self.master.startswith("local") or not answers(self.known):
            return say(done=True)
        say(progress="the cluster answers at " + ", ".join("%(host)s:%(port)d" % hop for hop in self.known if hop["state"] == "ok"))
        if self.begin():
            self.connect() if is_connect(self.session) else self.calls()
        say(done=True)

    def configuration(self):
        work = Work(configuration)
        if work.wait(left()) and not work.error:
            return work.value
        say(session={"state": "failed", "error": work.error or "Spark does not start here within %d seconds" % ask["seconds"]}, done=True)

    def begin(self):
        self.asked = time.time()
        work = Work(begin)
        ended = work.wait(left() - 8, self.look)
        if ended and not work.error:
            self.session = work.value
            say(session={"state": "ok", "seconds": work.seconds}, progress="the session is there after %.1f seconds" % work.seconds)
            return True
        if not self.lost:
            self.gather()
        say(session={"state": "failed" if ended else "timed out", "error": work.error})
        return False

    def found_driver(self):
        """Tells where the driver listens, which is known long before YARN has given a session."""
        from pyspark import SparkContext
        env = SparkContext._jvm.org.apache.spark.SparkEnv.get() if SparkContext._jvm else None
        if env is None or env.rpcEnv().address() is None:
            return
        address = env.rpcEnv().address()
        self.host, self.rpc, self.since = address.host(), address.port(), time.time()
        self.lost = loopback(self.host) and not any(loopback(hop["address"]) for hop in self.known)
        say(host=self.host, rpc=self.rpc, loopback=self.lost, progress="the driver is at %s:%d" % (self.host, self.rpc))

    def connect(self):
        job = Work(lambda: self.session.range(0, 1000, 1, 2).count())
        say(result=self.outcome(job, job.wait(left())))

    def calls(self):
        context = self.session.sparkContext
        if not self.rpc:
            self.found_driver()
        if self.lost:
            return
        self.block = context._jsc.sc().env().blockManager().blockManagerId().port()
        say(block=self.block, app=context.applicationId, python=platform.python_version(), progress="its block manager is at %d" % self.block)
        self.asked = time.time()
        # Without Python on the executor, and more than fits into a message: the
        # executor fetches the task here, and the driver the result there.
        big = Work(lambda: self.session.range(0, 300000, 1, 1).selectExpr("rand(1) AS r")._jdf.collectAsList().size())
        ended = big.wait(left() - 8, self.look)
        say(executors=executors(context), seen=self.seen, result=self.outcome(big, ended))
        if big.error or not ended:
            self.gather()
            return
        say(progress="an executor at %s computes, and its result is here" % ", ".join(executors(context)))
        self.dial_back(context, self.host)

    def dial_back(self, context, host):
        """One task, in Python, that dials the driver's ports."""
        ports, call, python = [self.rpc, self.block], dial, platform.python_version

        def back(_):
            return [socket.gethostname(), python(), [call(host, port, 4)[0] for port in ports]]

        job = Work(lambda: context.parallelize([0], 1).map(back).collect()[0])
        ended = job.wait(left() - 2, self.look)
        found = self.outcome(job, ended)
        if job.value:
            found.update(zip(("from", "python", "ports"), job.value))
        say(back=found, seen=self.seen)

    def outcome(self, job, ended):
        state = "timed out" if not ended else "failed" if job.error else "ok"
        return {"state": state, "seconds": job.seconds or 0, "error": job.error}

    def look(self):
        """Watches while nothing comes; true when the cluster says why nothing will."""
        if not self.rpc and "SPARK_REMOTE" not in os.environ:
            self.found_driver()
        if self.lost:
            return True
        for port in (self.rpc, self.block):
            self.seen[str(port)] = sorted(set(self.seen.get(str(port), [])) | set(callers(port)))
        if time.time() - self.asked < 5:
            return False
        self.gather()
        if time.time() - self.told > 10:
            self.told = time.time()
            say(progress="; ".join(["waiting for an executor" if self.session else "waiting for the session"] + self.clues.states))
        if self.listed is False and time.time() - self.since > REGISTRATION:
            say(unlisted=True)
            return True
        return any(CONCLUSIVE.search(line) for line in self.clues.lines)

    def gather(self):
        """Asks the cluster's pages; they may not answer either."""
        self.clues.states = []
        Work(self.ask_pages).wait(max(1, min(6, left() - 1)))
        say(evidence=self.clues.lines[-40:], notes=self.clues.notes, states=self.clues.states)
        self.asked = time.time()

    def ask_pages(self):
        context = self.session.sparkContext if self.session else None
        if self.master == "yarn":
            self.clues.yarn(self.pages, NAME)
        elif self.master.startswith("spark://"):
            self.listed = self.clues.standalone(self.pages, NAME)
        if context is not None:
            self.clues.registered(context)


check = Check()
try:
    check.run()
finally:
    stop(check.session)
