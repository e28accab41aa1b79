# What the image needs to be run as it is: `docker run -p 8888:8888 IMAGE`, with
# JUPYTER_TOKEN or else with the token that the log shows. Settings of a folder
# in JUPYTER_CONFIG_PATH and of ~/.jupyter come before these.
import os
import pathlib
import re
from urllib.parse import urlsplit

c = get_config()  # noqa: F821

c.ServerApp.ip = "0.0.0.0"
c.ServerApp.port = 8888
c.ServerApp.port_retries = 0
c.ServerApp.open_browser = False
# In a container, root by `--user 0` is as good as any.
c.ServerApp.allow_root = True
c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash"]}
if os.access("/home/jupyter/work", os.R_OK):
    c.ServerApp.root_dir = "/home/jupyter/work"


def keep_prefix(response, request):
    """Spark redirects to full URLs without our prefix; as a path, the proxy adds it."""
    where = urlsplit(response.headers.get("Location", ""))
    if where.netloc == request.host:
        response.headers["Location"] = where._replace(scheme="", netloc="").geturl()


def ui_port():
    """Where a first session has its pages: on a host's network that may not be 4040."""
    try:
        text = pathlib.Path("/etc/spark/spark-defaults.conf").read_text()
    except OSError:
        text = ""
    found = re.search(r"^[ \t]*spark\.ui\.port[ \t=:]+([0-9]+)", text, re.M)
    return int(found.group(1)) if found else 4040


# Spark's own pages, behind the notebook's token: /spark-ui/ is the first session's,
# /proxy/4041/ mostly a second one's. Nothing is started; an empty command says so.
c.ServerProxy.servers = {
    "spark-ui": {
        "command": [],
        "port": ui_port(),
        "timeout": 10,
        "rewrite_response": keep_prefix,
        "launcher_entry": {"title": "Spark UI", "path_info": "spark-ui/jobs/"},
    }
}
c.ServerProxy.non_service_rewrite_response = keep_prefix
