"""EDGE: connects to the API server, as kubectl does or with the service account of the pod that this runs in."""

import os
from pathlib import Path
from typing import Final

import urllib3
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException, list_kube_config_contexts, load_incluster_config, load_kube_config
from yaml import YAMLError

from registry.errors import UnreadableError

_OWN_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_CONNECTIONS: Final = 32


def connect(kubeconfig: str | None = None) -> ApiClient:
    """Make a client of the API server; it does not call yet.

    Args:
        kubeconfig: A file whose current context is used, or several with ``:`` between. None = the service account, in
            a pod; elsewhere what kubectl uses: ``$KUBECONFIG``, or ``~/.kube/config``.

    Raises:
        UnreadableError: That cannot be used.
    """
    configuration = Configuration()
    # Notice a server that has vanished, instead of waiting for it.
    configuration.keep_alive = True
    # As many as the threads of one process call at a time: one more would connect again for each call.
    configuration.connection_pool_maxsize = _CONNECTIONS
    # Callers know better when to try again.
    configuration.retries = 0
    try:
        if kubeconfig is None and _in_pod():
            load_incluster_config(client_configuration=configuration)
        else:
            load_kube_config(kubeconfig, client_configuration=configuration)
    except ConfigException as e:
        raise UnreadableError(f"{kubeconfig or 'kubeconfig'}: {e}") from e
    except (OSError, YAMLError, TypeError, ValueError, AttributeError) as e:
        raise UnreadableError(f"{kubeconfig or 'kubeconfig'}: cannot be read as a kubeconfig") from e
    if not configuration.verify_ssl:
        # The author of the kubeconfig chose that, and kubectl does not warn with each call either.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return ApiClient(configuration)


def namespace_of(kubeconfig: str | None = None) -> str:
    """The namespace in which kubectl creates objects that name none: that of the context, or of the pod.

    Args:
        kubeconfig: As for ``connect``, which says what is wrong with it.
    """
    try:
        if kubeconfig is None and _in_pod():
            return _OWN_NAMESPACE.read_text().strip()
        _, current = list_kube_config_contexts(kubeconfig)
        return str(current["context"].get("namespace") or "default")
    except (ConfigException, OSError, YAMLError, TypeError, ValueError, AttributeError, KeyError):
        return "default"


def _in_pod() -> bool:
    return "KUBERNETES_SERVICE_HOST" in os.environ and "KUBECONFIG" not in os.environ
