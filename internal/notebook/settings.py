# Written by the jupyter-docker charm for each container. It wins over the
# image's own configuration; it holds no secret.
from __future__ import print_function
import errno
import logging
import os
import socket
import sys
import time

import tornado.httpserver
import tornado.netutil
import tornado.web

# (values)
SECRET = "/jupyter-docker/secret"
DATA = "/jupyter-docker/work"
PORT = 8888  # no other goes with a socket; nothing listens there


def read_secret(name):
    with open(os.path.join(SECRET, name)) as f:
        return f.read().strip()


def admitted():
    """Report whether this user may read all secrets and make the socket."""
    if not os.access(SECRET, os.R_OK | os.X_OK) or not os.access(os.path.dirname(SOCKET), os.W_OK | os.X_OK):
        return False
    return all(os.access(os.path.join(SECRET, name), os.R_OK) for name in os.listdir(SECRET))


def wait_for_admission():
    """The charm admits the user that an image steps down to once it sees this process."""
    deadline = time.time() + 120
    if not admitted():
        print("jupyter-docker: uid %d waits for its token" % os.getuid(), file=sys.stderr)
        sys.stderr.flush()
    while not admitted():
        if time.time() > deadline:
            sys.exit("jupyter-docker: uid %d cannot read its token" % os.getuid())
        time.sleep(0.2)


def root_dir():
    """The notebooks as ~/work where that can be, whoever serves."""
    work = os.path.join(os.path.expanduser("~"), "work")
    try:
        if not os.path.lexists(work):
            os.symlink(DATA, work)
        if os.path.samefile(work, DATA):
            return work
    except OSError:
        pass
    return DATA


def spark_remote():
    """Where Spark Connect is, for kernels: it may hold a token, so no container's environment has it."""
    try:
        return read_secret("spark-remote")
    except (IOError, OSError):
        return ""


def listen(server, port, address="", **options):
    """A server that knows no sock, as the notebook before 6.1, gets the socket in place of its port."""
    if port != PORT:
        return listen_tcp(server, port, address, **options)
    client = socket.socket(socket.AF_UNIX)
    try:
        if client.connect_ex(SOCKET) == 0:
            raise socket.error(errno.EADDRINUSE, "another server has " + SOCKET)
    finally:
        client.close()
    server.add_socket(tornado.netutil.bind_unix_socket(SOCKET, mode=0o660))


def quiet(method):
    """Keep what a method logs of the gateway's own requests out of the log."""
    def wrapped(handler, *args):
        before = logging.root.manager.disable
        if handler.request.headers.get("User-Agent") == "jupyter-docker-gateway":
            logging.disable(logging.WARNING)
        try:
            return method(handler, *args)
        finally:
            logging.disable(before)
    return wrapped


listen_tcp = tornado.httpserver.HTTPServer.listen
tornado.httpserver.HTTPServer.listen = listen
handlers = tornado.web.RequestHandler
handlers._log = quiet(handlers._log)
handlers._handle_request_exception = quiet(handlers._handle_request_exception)

app = c[APP]
wait_for_admission()
token = read_secret("token")
if spark_remote():
    os.environ.setdefault("SPARK_REMOTE", spark_remote())
root = root_dir()

app.token = token
app.password = ""
app.password_required = False
app.allow_password_change = False  # one set by a browser would be lost at the next switch
app.sock = SOCKET
app.sock_mode = "0660"
app.port = PORT
app.port_retries = 0
app.ip = "127.0.0.1"
app.certfile = ""
app.keyfile = ""
app.base_url = BASE_URL
app.open_browser = False
app.allow_remote_access = True
app.trust_xheaders = True
app.cookie_secret_file = SECRET + "/cookie_secret"
c.FileContentsManager.root_dir = root
if APP == "ServerApp":
    app.root_dir = root
    app.preferred_dir = root
    c.FileContentsManager.preferred_dir = ""
    c.IdentityProvider.token = token
    c.IdentityProvider.hashed_password = ""
    c.PasswordIdentityProvider.hashed_password = ""
    c.PasswordIdentityProvider.allow_password_change = False
else:
    app.notebook_dir = root
if CULL_SECONDS:
    c.MappingKernelManager.cull_idle_timeout = CULL_SECONDS
    c.MappingKernelManager.cull_interval = min(CULL_SECONDS, 60)
