# What all probes share. Runs on Python 2.7 and 3, in a kernel of the notebook;
# `ask` holds what the charm asks for.
import json
import os
import socket
import sys
import threading
import time
import traceback

BEGAN = time.time()
MARK = "jupyter-docker-probe "


def say(**found):
    """Tells the charm, on one marked line."""
    sys.stdout.write(MARK + json.dumps(found) + "\n")
    sys.stdout.flush()


def left():
    """Seconds until the charm stops listening."""
    return ask["seconds"] - (time.time() - BEGAN)


def text_of(error):
    """An exception as text, with what Java says of its causes."""
    text = "".join(traceback.format_exception_only(type(error), error))
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return text[:40000]


class Work(threading.Thread):
    """Something that may never end, done beside: the main thread keeps watch."""

    def __init__(self, do):
        threading.Thread.__init__(self)
        self.daemon = True
        self.do, self.value, self.error, self.seconds = do, None, "", None
        self.began = time.time()
        self.start()

    def run(self):
        try:
            self.value = self.do()
        except BaseException as error:
            self.error = text_of(error) or "unknown"
        self.seconds = round(time.time() - self.began, 2)

    def wait(self, seconds, look=None):
        """Waits until it is done; look() is called meanwhile, and ends the wait when true."""
        until = time.time() + seconds
        while self.is_alive() and time.time() < until:
            self.join(0.3)
            if look is not None and self.is_alive() and look():
                break
        return not self.is_alive()


def configuration(master=""):
    """What spark-submit makes of the container's files and environment."""
    from pyspark import SparkConf, SparkContext
    given = SparkConf(loadDefaults=False)
    if master:
        given.setMaster(master)
    SparkContext._ensure_initialized(conf=given)
    return dict(SparkConf().getAll())


def is_connect(session):
    return type(session).__module__.startswith("pyspark.sql.connect")


def executors(context):
    """The executors that have registered, as host:port of their block managers."""
    if context.master.startswith("local"):
        return ["this container"]
    own = context._jsc.sc().env().blockManager().blockManagerId().hostPort()
    known = context._jsc.sc().getExecutorMemoryStatus().keys().iterator()
    found = []
    while known.hasNext():
        found.append(known.next())
    return [address for address in found if address != own]


def stop(session):
    """Ends the session; a cluster that does not answer is not waited for."""
    if session is not None:
        Work(session.stop).wait(10)
