"""What an open page costs the server: memory and processor time of many sessions of Explore.

    python -m benchmarks.page_sessions [--pages 40]

Starts its own server, opens five pages that are not counted, then so many, each as a browser of its
own that reads all messages. What browsers compute themselves, and the connections over which images
are decoded (`benchmarks.live_class`), are not included.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import time

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from benchmarks.serving import ROOT, memory, processor_seconds, serve

UNCOUNTED = 5
IDLE_SECONDS = 5.0


def open_page(stack: contextlib.ExitStack, url: str) -> None:
    """Opens Explore, and reads until its script has finished. The connection stays open."""
    socket = stack.enter_context(
        connect(
            f"{url.replace('http', 'ws', 1)}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit")],
            origin=Origin(url),
            max_size=None,
            additional_headers={"Cookie": f"aeviz-person={secrets.token_urlsafe(32)}"},
        )
    )
    message = BackMsg()
    message.rerun_script.page_name = "explore"
    message.rerun_script.query_string = "model=vae-mnist"
    socket.send(message.SerializeToString())
    finished = False
    while not finished:
        answer = ForwardMsg()
        answer.ParseFromString(socket.recv(60, decode=False))
        finished = answer.WhichOneof("type") == "script_finished"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=40)
    args = parser.parse_args()
    os.environ["AEVIZ_WARM"] = "0"
    with serve(ROOT / "app.py") as server, contextlib.ExitStack() as stack:
        pid = server.process.pid
        for _ in range(UNCOUNTED):
            open_page(stack, server.url)
        held, used = memory(pid), processor_seconds(pid)
        for _ in range(args.pages):
            open_page(stack, server.url)
        seconds = (processor_seconds(pid) - used) / args.pages
        grown = (memory(pid) - held) / args.pages
        used = processor_seconds(pid)
        time.sleep(IDLE_SECONDS)
        idle = (processor_seconds(pid) - used) / IDLE_SECONDS
    print(
        f"server {held / 1e6:.0f} MB; each of {args.pages} more pages: {grown / 1e6:.2f} MB, "
        f"{1000 * seconds:.0f} ms of a processor to open; all idle: {idle:.3f} processors"
    )


if __name__ == "__main__":
    main()
