"""Says what an error of a broker's library means to a person, and what to do about it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

from core.hidden import without_passwords
from core.remote.address import Address
from core.remote.cluster import Link

_LONGEST = 200  # characters of a library's own words that are passed on


def trouble(error: BaseException, address: Address, *, was_there: bool = False) -> tuple[Link, str]:
    """Return how the broker is reached after this error of kombu, py-amqp or redis, and a sentence on it.

    was_there: whether we were connected before, so that what answers is known to be a broker.
    The link is AWAY where trying again can help by itself, REFUSED where something has to be changed first.
    """
    if was_there and any(_is_cut(one) for one in _chain(error)):
        return Link.AWAY, f"The connection to {address.host} was lost."
    for one in _chain(error):
        names = {kind.__name__ for kind in type(one).__mro__}
        for found in (_of_tls(one, address), _of_broker(one, names, address), _of_network(one, address)):
            if found is not None:
                return found
    said = without_passwords(f"{type(error).__name__}: {error}")[:_LONGEST]
    return Link.AWAY, f"{address.host} cannot be used as a broker just now ({said})."


def _is_cut(error: BaseException) -> bool:
    """Return whether a connection that there was has ended."""
    if isinstance(error, ConnectionRefusedError | TimeoutError | socket.gaierror | ssl.SSLError):
        return False
    return isinstance(error, ConnectionError) or (isinstance(error, OSError) and error.errno is None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Return the causes of an error, the first of them first: libraries wrap what the system said."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    return reversed(causes)


def _of_tls(error: BaseException, address: Address) -> tuple[Link, str] | None:
    host, port = address.host, address.port
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message.rstrip(".")
        return Link.REFUSED, (
            f"{host} cannot show that it is {host}: {why}. A certificate of your own is named by"
            " ?ssl_ca_certs=FILE at the end of the URL."
        )
    if isinstance(error, ssl.SSLError):
        return Link.REFUSED, (
            f"{host} does not speak TLS on port {port}: use {address.scheme[:-1]}://, or the port for TLS."
        )
    if isinstance(error, FileNotFoundError | IsADirectoryError | PermissionError) and address.options:
        return Link.REFUSED, "A file that the URL of the broker names cannot be read."
    return None


def _of_broker(error: BaseException, names: set[str], address: Address) -> tuple[Link, str] | None:
    host = address.host
    code = getattr(error, "reply_code", None)
    if "AuthenticationError" in names and not address.password:
        return Link.REFUSED, f"{host} wants a password."
    if code == 403 or names & {"AuthenticationError", "AuthenticationWrongNumberOfArgsError"}:
        if not address.is_redis and address.user in ("", "guest") and not address.is_here:
            return Link.REFUSED, (
                f"{host} does not let this user in: RabbitMQ takes guest from its own machine only. Make a"
                " user there, and name it in the URL."
            )
        return Link.REFUSED, f"{host} does not accept this user and password."
    if "NoPermissionError" in names:
        return Link.REFUSED, f"{host} does not allow this user what the queue needs."
    if code == 530:
        return Link.REFUSED, (
            f"{host} has no virtual host {address.path or '/'}, or this user may not use it."
        )
    if "ResponseError" in names and "DB index" in str(error):
        return Link.REFUSED, f"The Redis on {host} has no database {address.path}."
    if names & {"InvalidResponse", "UnexpectedFrame", "FrameSyntaxError"}:
        kind = "Redis" if address.is_redis else "RabbitMQ"
        return Link.REFUSED, f"What answers on port {address.port} of {host} is no {kind}."
    return None


def _of_network(error: BaseException, address: Address) -> tuple[Link, str] | None:
    host, port = address.host, address.port
    if isinstance(error, socket.gaierror):
        return Link.AWAY, f"No machine of the name {host} is known here."
    if isinstance(error, ConnectionRefusedError):
        return Link.AWAY, (
            f"Nothing answers on port {port} of {host}: the broker does not run there, or has another port."
        )
    if isinstance(error, TimeoutError):
        return Link.AWAY, f"{host} did not answer in time on port {port}."
    kind = "Redis" if address.is_redis else "RabbitMQ"
    if _is_cut(error):
        return Link.AWAY, f"The connection was cut by {host}: what answers on port {port} may be no {kind}."
    if isinstance(error, OSError) and error.strerror:
        return Link.AWAY, f"{host} cannot be reached: {error.strerror}."
    return None
