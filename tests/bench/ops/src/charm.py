"""The same reads as jupyter-docker's hook, on Python ops: for a comparison."""

import http.client
import json
import os
import socket
import urllib.parse

import ops

PREFIX = "io.jupyter-docker."
UNITS = "/var/lib/jupyter-docker"


class SocketConnection(http.client.HTTPConnection):
    """HTTP at a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)


def read(connection: http.client.HTTPConnection, path: str, token: str = "") -> tuple:
    """One GET: its status and what its JSON says."""
    headers = {"Authorization": f"token {token}"} if token else {}
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


class ReadingCharm(ops.CharmBase):
    """Reads what jupyter-docker reads, and finds nothing to do."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        framework.observe(self.on.update_status, self._on_update_status)

    def _on_update_status(self, _: ops.EventBase) -> None:
        dict(self.config)
        self.unit.is_leader()
        token = self._token()
        for relation in self.model.relations["website"]:
            for unit in relation.units:
                dict(relation.data[unit])
        for storage in self.model.storages["notebooks"]:
            str(storage.location)
        self.model.get_binding("website").network
        notebook = self._engine()
        self._gateway(notebook["key"])
        self._jupyter(f"{UNITS}/{notebook['key']}/gateway/run/{notebook['run']}/jupyter.sock", token)
        self.unit.opened_ports()
        self.unit.status  # written where different: never, here

    def _token(self) -> str:
        secret = self.model.get_secret(label=os.environ["BENCH_SECRET_LABEL"])
        return secret.get_content(refresh=True)["token"]

    def _engine(self) -> dict:
        """Reads the engine, and returns the labels of the notebook's container."""
        engine = SocketConnection("/var/run/docker.sock")
        query = urllib.parse.quote(json.dumps({"label": [f"{PREFIX}unit={self.unit.name}"]}))
        _, containers = read(engine, f"/v1.41/containers/json?all=1&filters={query}")
        for container in containers:
            labels = {key.removeprefix(PREFIX): value for key, value in container["Labels"].items()}
            if labels["role"] == "notebook":
                read(engine, f"/v1.41/containers/{container['Id']}/json")
                read(engine, f"/v1.41/images/{container['ImageID']}/json")
                for network in container["NetworkSettings"]["Networks"]:
                    read(engine, f"/v1.41/networks/{network}")
                return labels
        raise RuntimeError("cannot find the notebook")

    def _gateway(self, key: str) -> None:
        read(SocketConnection(f"{UNITS}/{key}/gateway/control.sock"), "/status")

    def _jupyter(self, path: str, token: str) -> None:
        for page, given, wanted in (
            ("/api", "", 200),
            ("/api/contents?content=0", "", 403),
            ("/api/contents?content=0", token, 200),
            ("/api/kernels", token, 200),
        ):
            status, _ = read(SocketConnection(path), page, given)
            if status != wanted:
                raise RuntimeError(f"{page} answered {status}, not {wanted}")


if __name__ == "__main__":
    ops.main(ReadingCharm)
