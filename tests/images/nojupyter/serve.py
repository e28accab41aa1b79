"""Answers 200 to everything, on the port where a notebook is expected."""

import http.server
import os


class Everything(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    do_POST = do_PUT = do_HEAD = do_GET


port = int(os.environ.get("JUPYTER_PORT", "8888"))
http.server.ThreadingHTTPServer(("", port), Everything).serve_forever()
