"""Closes the network of the test process, except loopback and sockets in the file system.

The interpreter itself reports each connection to an audit hook before it is made, so nothing is patched. Code that
opens its sockets in C (libuv, libpq, a child process) is not seen here: such parts are handed loopback addresses only.
"""

import ipaddress
import sys

_closed = False


class NetworkClosedError(RuntimeError):
    """A test wanted to talk to another machine."""


def is_loopback(host: object) -> bool:
    """Whether a host, as given to the socket functions, can only be this machine; an empty name is this machine."""
    if isinstance(host, bytes | bytearray):
        host = bytes(host).decode("ascii", "replace")
    if host is None or host in {"", "localhost"}:
        return True
    try:
        address = ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _watch(event: str, args: tuple[object, ...]) -> None:
    if not _closed:
        return
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = args[1]
        host = address[0] if isinstance(address, tuple) and address else None
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        host = args[0]
    else:
        return
    if not is_loopback(host):
        raise NetworkClosedError(f"{event} to {host!r}: tests talk to this machine only")


def close() -> None:
    """From now on every connection elsewhere raises NetworkClosedError; calling it again changes nothing."""
    global _closed  # noqa: PLW0603 - an audit hook can't be taken off again, so the switch is one for the process
    if not _closed:
        _closed = True
        sys.addaudithook(_watch)
