# Written by the jupyter-docker charm for each container. It wins over the
# image's own configuration; it holds no secret.
from __future__ import print_function
import errno
import os
import sys
import time

# (values)
SECRET = "/jupyter-docker/secret"
DATA = "/jupyter-docker/work"


def read_secret(name):
    """Wait for the charm to let this user in: who serves is known only now."""
    deadline = time.time() + 120
    told = False
    while True:
        try:
            with open(os.path.join(SECRET, name)) as f:
                return f.read().strip()
        except (IOError, OSError) as err:
            if err.errno not in (errno.EACCES, errno.EPERM):
                raise
        if not told:
            print("jupyter-docker: uid %d waits for its token" % os.getuid(), file=sys.stderr)
            sys.stderr.flush()
            told = True
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
        with open(os.path.join(SECRET, "spark-remote")) as f:
            return f.read().strip()
    except (IOError, OSError):
        return ""


app = c[APP]
token = read_secret("token")
if spark_remote():
    os.environ.setdefault("SPARK_REMOTE", spark_remote())
root = root_dir()

app.token = token
app.password = ""
app.password_required = False
app.allow_password_change = False  # one set by a browser would be lost at the next switch
app.ip = IP
app.port = PORT
app.port_retries = 0
app.sock = ""
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
