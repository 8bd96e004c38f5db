"""Who asks, and from where: the one place where a request's user becomes a person."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings

from config.kernel.models import User

# What one subscriber of IPv6 has.
SUBSCRIBER = 64


def person(request: Any) -> User:
    """Return who asks. The door has let nobody anonymous through: anything else is a programming error."""
    user = request.user
    assert isinstance(user, User), "This door must not be open to anonymous people."
    return user


def address_of(request: Any) -> str:
    """Return where the request comes from: an IPv4 address, or a network of IPv6, as one subscriber has it.

    Each of ASSAY_PROXIES proxies in front adds to X-Forwarded-For the address that it was asked from; what stands before
    these is the caller's own invention. "" where nothing says it.
    """
    text = request.META.get("REMOTE_ADDR", "")
    if settings.ASSAY_PROXIES:
        told = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        text = told[-min(settings.ASSAY_PROXIES, len(told))].strip() or text
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address) if address.version == 4 else str(ip_network((address, SUBSCRIBER), strict=False))
