# What the image needs to be run as it is: `docker run -p 8888:8888 IMAGE`, with
# JUPYTER_TOKEN or else with the token that the log shows. Settings of a folder
# in JUPYTER_CONFIG_PATH and of ~/.jupyter come before these.
import os
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


# Spark's own pages, behind the notebook's token: /spark-ui/ is the first session's,
# /proxy/4041/ a second one's. Nothing is started; an empty command says so.
c.ServerProxy.servers = {
    "spark-ui": {
        "command": [],
        "port": 4040,
        "timeout": 10,
        "rewrite_response": keep_prefix,
        "launcher_entry": {"title": "Spark UI", "path_info": "spark-ui/jobs/"},
    }
}
c.ServerProxy.non_service_rewrite_response = keep_prefix
