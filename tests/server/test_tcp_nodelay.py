import os
import socket

from aeviz.server.tcp_nodelay import set_nodelay


def nodelay(connection: socket.socket) -> bool:
    return bool(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


def test_connections_of_a_listening_socket_send_at_once() -> None:
    # As Streamlit makes it: without the protocol's number, which asyncio looks for.
    with socket.socket(socket.AF_INET) as listener, socket.socket() as bystander:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        before = set(os.listdir("/dev/fd"))
        set_nodelay()
        assert set(os.listdir("/dev/fd")) == before, "every file opened on the way is closed"
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                assert nodelay(accepted)
        assert not nodelay(bystander)
