# What a driver is measured by: it prints seconds (of the warm job, which is over in a
# moment, the median of five) and what shows that it computed, and where. The same
# text runs in the container and on the host.
import json
import os
import random
import socket
import statistics
import time

from pyspark.sql import SparkSession

seconds = {}


def timed(name, do):
    began = time.monotonic()
    result = do()
    seconds.setdefault(name, []).append(time.monotonic() - began)
    return result


def pi():
    def inside(_):
        return sum(random.random() ** 2 + random.random() ** 2 < 1 for _ in range(250000))
    return 4 * sc.parallelize(range(4), 4).map(inside).sum() / 1e6


def broadcast():
    big = sc.broadcast(b"x" * 20000000)
    return sc.parallelize(range(4), 4).map(lambda _: len(big.value)).sum()


def results():
    return sum(len(b) for b in sc.parallelize(range(4), 4).map(lambda _: b"y" * 3000000).collect())


def shuffle():
    return sc.parallelize(range(100000), 4).map(lambda n: (n % 100, 1)).reduceByKey(lambda a, b: a + b, 4).count()


spark = timed("session", SparkSession.builder.getOrCreate)
sc = spark.sparkContext
said = {
    "PiFirst": timed("first job", pi),
    "PiWarm": [timed("warm job", pi) for _ in range(5)][-1],
    "Broadcast": timed("20 MB broadcast", broadcast),
    "Results": timed("12 MB of results", results),
    "Shuffle": timed("shuffle", shuffle),
    "Where": socket.gethostname(),
    "Address": spark.conf.get("spark.driver.host"),
    "Master": sc.master,
}
# On a busy machine the time that a driver computed tells more than the time that passed.
with open(f"/proc/{sc._gateway.proc.pid}/stat") as stat:
    ticks = stat.read().rsplit(")", 1)[1].split()[11:13]
seconds["CPU of the driver"] = [sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK") + time.process_time()]
spark.stop()
print(json.dumps(said | {"Seconds": {name: statistics.median(times) for name, times in seconds.items()}}))
