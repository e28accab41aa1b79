"""The same reads as jupyter-docker's hook, on Python ops: for a comparison."""

import http.client
import json
import os
import socket

import ops


class Engine(http.client.HTTPConnection):
    """The Docker engine's API at its socket."""

    def __init__(self) -> None:
        super().__init__("docker", timeout=10)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect("/var/run/docker.sock")


class ReadingCharm(ops.CharmBase):
    """Reads what jupyter-docker reads, and finds nothing to do."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        framework.observe(self.on.update_status, self._on_update_status)

    def _on_update_status(self, _: ops.EventBase) -> None:
        dict(self.config)
        self.unit.is_leader()
        self.unit.opened_ports()
        self.model.get_binding("website").network
        self._token()
        for endpoint in self.meta.relations:
            for relation in self.model.relations[endpoint]:
                for unit in relation.units:
                    dict(relation.data[unit])
        for storage in self.model.storages["notebooks"]:
            str(storage.location)
        self._containers()
        self.unit.status  # written where different: never, here

    def _token(self) -> str:
        secret = self.model.get_secret(label=os.environ["BENCH_SECRET_LABEL"])
        return secret.get_content(refresh=True)["token"]

    def _containers(self) -> list:
        engine = Engine()
        engine.request("GET", "/containers/json?all=1")
        return json.load(engine.getresponse())


if __name__ == "__main__":
    ops.main(ReadingCharm)
