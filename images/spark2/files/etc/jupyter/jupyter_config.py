# Spark 2.4 runs on the Python of /opt/python, which is not the one of Jupyter's
# server: notebooks are started on that one, and the server's is not offered.
import os

c = get_config()  # noqa: F821

c.KernelSpecManager.ensure_native_kernel = False
if not os.path.exists("/opt/python/bin/python3"):
    c.MultiKernelManager.default_kernel_name = "python2"
