"""EDGE: connects to the API server, as kubectl does or with the service account of the pod that this runs in."""

import os

import urllib3
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config
from yaml import YAMLError

from registry.errors import UnreadableError


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
    # Callers know better when to try again.
    configuration.retries = 0
    in_pod = "KUBERNETES_SERVICE_HOST" in os.environ and "KUBECONFIG" not in os.environ
    try:
        if kubeconfig is None and in_pod:
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
