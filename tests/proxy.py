"""A proxy between a client and a server that cuts connections and flips bits."""

import random
import select
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """What happens to a connection.

    Attributes
    ----------
    kind : str
        "cut" it, or "flip" a bit.
    upwards : bool
        Whether it is counted in what the client sends, or in what it is sent.
    at : int
        Byte at which it happens.
    """

    kind: str
    upwards: bool
    at: int


class Proxy:
    """Forwards connections on a loopback port to another one."""

    def __init__(self, port: int, plan: Callable[[], Fault | None]) -> None:
        self._target = port
        self._plan = plan
        self.faults = 0
        self._server = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client, self._plan()), daemon=True).start()

    def _serve(self, client: socket.socket, fault: Fault | None) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._target), 5)
        except OSError:
            client.close()
            return
        moved = {client: 0, server: 0}
        with client, server:
            while True:
                for source in select.select([client, server], [], [], 60)[0] or [None]:
                    if source is None:
                        return
                    try:
                        data = source.recv(65536)
                        if not data:
                            return
                        begin, moved[source] = moved[source], moved[source] + len(data)
                        concerns = fault and fault.upwards == (source is client)
                        if concerns and begin <= fault.at < moved[source]:
                            self.faults += 1
                            here = fault.at - begin
                            if fault.kind == "cut":
                                (server if source is client else client).sendall(data[:here])
                                return
                            flipped = bytes([data[here] ^ 4])
                            data = data[:here] + flipped + data[here + 1 :]
                        (server if source is client else client).sendall(data)
                    except OSError:
                        return


def sometimes(seed: int, share: float, make: Callable[[random.Random], Fault]) -> Callable:
    """Return a plan that makes a fault of some of the connections, the same at each run."""
    rng, lock = random.Random(seed), threading.Lock()

    def plan() -> Fault | None:
        with lock:
            return make(rng) if rng.random() < share else None

    return plan
