"""Serves the application in shop.py by uvicorn, as one process:

    python serve.py URL

It says where it listens, and answers each line on its standard input with the
processor time in nanoseconds that it has used so far, until the input ends.
"""

from __future__ import annotations

import socket
import sys
import threading
import time

import uvicorn
from shop import app


def main(url: str) -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    config = uvicorn.Config(
        app(url), loop="uvloop", http="httptools", log_level="warning", access_log=False,
        timeout_keep_alive=600, timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)

    def tell() -> None:
        for _ in sys.stdin:
            print(time.process_time_ns(), flush=True)
        server.should_exit = True

    threading.Thread(target=tell, daemon=True).start()
    host, port = listener.getsockname()
    print(f"{host}:{port}", flush=True)
    server.run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1])
