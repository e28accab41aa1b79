# Computes pi with the notebook's own configuration: a session, a first job that
# starts executors and their Python, and a warm one.
PART = 200000  # points that one task adds up


def session_of(master):
    from pyspark.sql import SparkSession
    builder = SparkSession.builder.appName("jupyter-docker spark-pi")
    if master:
        builder = builder.remote(master) if master.startswith("sc://") else builder.master(master)
    return builder.getOrCreate()


def on_executors(session):
    """The integral of 4/(1+x^2), in Python, and who computed it."""
    size, step = PART, 1.0 / (ask["slices"] * PART)

    def part(number):
        total = 0.0
        for k in range(number * size, (number + 1) * size):
            total += 4.0 / (1.0 + ((k + 0.5) * step) ** 2)
        return total * step, (socket.gethostname(), os.getcwd(), os.getppid())

    found = session.sparkContext.parallelize(range(ask["slices"]), ask["slices"]).map(part).collect()
    return sum(value for value, _ in found), len(set(who for _, who in found))


def on_server(session):
    """The same through Spark Connect, which has no RDDs. Who computed it, a
    function in Python tells: that needs the server's Python to be this one."""
    from pyspark.sql.functions import udf
    points = ask["slices"] * PART
    heights = session.range(0, points, 1, ask["slices"]).selectExpr("4 / (1 + pow((id + 0.5D) / %d, 2)) AS y" % points)
    value = heights.agg({"y": "avg"}).collect()[0][0]
    who = udf(lambda number: "%s %s %s" % (socket.gethostname(), os.getcwd(), os.getppid()))
    try:
        return value, session.range(0, ask["slices"], 1, ask["slices"]).select(who("id").alias("who")).distinct().count()
    except Exception as error:
        say(note="Python functions do not run on the cluster: " + text_of(error))
        return value, 0


def waits(session):
    """Tells now and then why nothing comes."""
    told = [time.time()]

    def look():
        if time.time() - told[0] > 15:
            told[0] = time.time()
            text = "still waiting"
            if not is_connect(session):
                text += ": %d executors have registered" % len(executors(session.sparkContext))
            say(progress=text)
    return look


def silence(session):
    if is_connect(session):
        return "no answer within %d seconds" % ask["timeout"]
    return "no answer within %d seconds, and %d executors have registered" % (ask["timeout"], len(executors(session.sparkContext)))


def master_of(session):
    if is_connect(session):
        try:
            return "Spark Connect, on " + session.conf.get("spark.master")
        except Exception:
            return "Spark Connect"
    return session.sparkContext.master


def reached():
    """Tells what is wrong with the way to the cluster, before Spark tries for a minute."""
    if ask["master"]:
        os.environ.pop("SPARK_REMOTE", None)
    remote = ask["master"] if ask["master"].startswith("sc://") else "" if ask["master"] else os.environ.get("SPARK_REMOTE", "")
    conf = Work(lambda: {} if remote else configuration(ask["master"]))
    if not conf.wait(left()) or conf.error:
        return say(error=conf.error or "Spark does not start within %d seconds" % ask["timeout"])
    known, _, found = way(remote or conf.value.get("spark.master", "local[*]"), conf.value)
    say(**found)
    return found["master"].startswith("local") or answers(known)


def pi():
    if not reached():
        return
    begin = Work(lambda: session_of(ask["master"]))
    session = None
    try:
        if not begin.wait(left()):
            return say(error="no session within %d seconds" % ask["timeout"], silent=True)
        if begin.error:
            return say(error=begin.error)
        session = begin.value
        say(session=begin.seconds, master=master_of(session), spark=session.version, progress="the session is there after %.1f seconds" % begin.seconds)
        for name in ("first", "warm"):
            job = Work(lambda: (on_server if is_connect(session) else on_executors)(session))
            if not job.wait(left(), waits(session)):
                return say(error=silence(session), silent=True)
            if job.error:
                return say(error=job.error)
            say(progress="the %s job took %.1f seconds" % (name, job.seconds), pi=float(job.value[0]), executors=int(job.value[1]), **{name: job.seconds})
        say(done=True)
    finally:
        stop(session)


pi()
