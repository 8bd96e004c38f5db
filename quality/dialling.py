"""Where a call may go, and by when it is over: the address is checked and then dialled, under one deadline for all of it.

httpx bounds each read by itself, so that an endpoint which drips its head, rows of `100 Continue` or the heads of chunks would
hold its caller for as long as it likes. Here the socket itself knows when the call is over, and a read or a write that begins
later is a timeout.
"""

import socket
import ssl
import time
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpcore
import httpx

ANSWER_BYTES = 1_000_000
# A piece of a request that goes out at once, or not: one that went in parts could wait for each of them anew.
PIECE = 4096
# What carries an IPv4 address in its last 32 bits: NAT64's well-known prefix, and the old “compatible” addresses.
CARRIERS = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))


class Unreachable(httpx.TransportError):
    """The address may not be called, or the answer is more than is taken."""


class CheckedTransport(httpx.HTTPTransport):
    """Dials the address that was checked, and takes a bounded answer until `until` (time.monotonic), however slowly it drips.

    `is_sent` says whether anything of a request has left.
    """

    def __init__(self, until: float, *, is_private_allowed: bool) -> None:
        context = httpx.create_ssl_context()
        super().__init__(verify=context)
        self.network = _Network(until)
        self._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=self.network)
        self.is_private_allowed = is_private_allowed

    @property
    def is_sent(self) -> bool:
        return self.network.is_sent

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        address = checked_address(host, request.url.port, is_private_allowed=self.is_private_allowed)
        request.headers["Accept-Encoding"] = "identity"
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=address)
        response = super().handle_request(request)
        body = bytearray()
        try:
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise Unreachable("The answer is packed, which it was not asked to be.")
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > ANSWER_BYTES:
                    raise Unreachable("The answer is longer than is taken.")
        finally:
            response.close()
        return httpx.Response(response.status_code, headers=response.headers, content=bytes(body), request=request)


# --- by when ----------------------------------------------------------------------------------------------------------


class _Network(httpcore.NetworkBackend):
    """Plain sockets that are over at `until`."""

    def __init__(self, until: float) -> None:
        self.until = until
        self.is_sent = False
        self.plain = httpcore.SyncBackend()

    def left(self, timeout: float | None, late: type[httpcore.TimeoutException]) -> float:
        """Return how long one more step may take; raises `late` where the call is over."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise late("The call is over.")
        return left if timeout is None else min(timeout, left)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        within = self.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self, self.plain.connect_tcp(host, port, within, local_address, socket_options))


class _Stream(httpcore.NetworkStream):
    """A connection whose every step ends by the deadline of its network."""

    def __init__(self, network: _Network, plain: httpcore.NetworkStream) -> None:
        self.network = network
        self.plain = plain

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.plain.read(max_bytes, self.network.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.network.is_sent = True
        for start in range(0, len(buffer), PIECE):
            self.plain.write(buffer[start : start + PIECE], self.network.left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self.plain.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        within = self.network.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self.network, self.plain.start_tls(ssl_context, server_hostname, within))

    def get_extra_info(self, info: str) -> Any:
        return self.plain.get_extra_info(info)


# --- where to ---------------------------------------------------------------------------------------------------------


def checked_address(host: str, port: int | None, *, is_private_allowed: bool) -> str:
    """Return an address of the host that may be dialled. Raises Unreachable where any of its addresses may not be."""
    try:
        found = {each[4][0] for each in socket.getaddrinfo(host, port or 443, type=socket.SOCK_STREAM)}
    except OSError:
        raise Unreachable("The endpoint's name has no address.") from None
    addresses = sorted(str(address).partition("%")[0] for address in found)
    if not is_private_allowed and not all(is_public(address) for address in addresses):
        raise Unreachable("The endpoint lies in a private network, which content may not reach.")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether one host of the internet has this address, and any IPv4 address that a gateway would find in it."""
    found = ip_address(address)
    return all(each.is_global and not each.is_multicast for each in (found, *_carried(found)))


def _carried(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """Return the IPv4 addresses in an IPv6 address: mapped, compatible, of NAT64, of 6to4 and of Teredo."""
    if isinstance(address, IPv4Address):
        return []
    carried = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if any(address in carrier for carrier in CARRIERS):
        carried.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [each for each in carried if each is not None]
