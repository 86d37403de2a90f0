"""Who may do what with the records of a service: the protocol, and the rule for a service of one person. Pure."""

from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from registry.service.problems import RequestError

# Kubernetes' verbs, on ``extensions.fuseml.org``.
Verb: TypeAlias = Literal["get", "list", "create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request.

    Attributes:
        name: As logs show it; "" = whoever can reach the service.
        groups, uid, extra: What the API server says of them, for its decision.
    """

    name: str = ""
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = field(default=(), repr=False)


class Access(Protocol):
    """Tells who sends a request, and what they may do."""

    def caller(self, authorization: str) -> Caller:
        """Who sends a request with this header ``Authorization``; "" = without one.

        Raises:
            RequestError: That is not known.
        """

    def allows(self, caller: Caller, verb: Verb, extension_id: str) -> bool:
        """True if *caller* may do this to the extension; "" = to any."""


class Everyone:
    """The rule of a service that only its owner can reach: whoever reaches it may do everything."""

    def caller(self, authorization: str) -> Caller:
        """Nobody in particular."""
        return Caller()

    def allows(self, caller: Caller, verb: Verb, extension_id: str) -> bool:
        """True."""
        return True


def bearer_token(authorization: str) -> str:
    """The token in a header ``Authorization``.

    Raises:
        RequestError: There is none.
    """
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise unauthenticated("send a bearer token in the header Authorization")
    return token


def unauthenticated(message: str) -> RequestError:
    """The answer to whoever is not known."""
    return RequestError(401, "Unauthorized", message, {"WWW-Authenticate": 'Bearer realm="fuseml registry"'})


def forbidden(verb: Verb, extension_id: str) -> RequestError:
    """The answer to whoever may not do something. It is the same whether the extension is there or not."""
    what = f"the extension {extension_id!r}" if extension_id else "extensions"
    return RequestError(403, "Forbidden", f"you may not {verb} {what}")
