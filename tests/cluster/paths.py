"""Where the cluster keeps what it builds and writes, and its addresses."""

import os
from pathlib import Path

GO = Path(__file__).parent / "go"
CACHE = Path.home() / ".cache/fuseml-cluster"
STATE = Path(os.environ.get("FUSEML_CLUSTER_DIR", CACHE / "state"))
KUBECONFIG = STATE / "kubeconfig"
CERTS = STATE / "certs"
CONTAINERD = STATE / "containerd.sock"
RUNC = STATE / "runc"
AUDIT = STATE / "logs/audit.log"
CGROUP = "fuseml-cluster"
NETWORK = "fuseml-cluster"
NODE_IP = "10.99.0.1"
API = f"https://{NODE_IP}:16443"
ETCD = "http://127.0.0.1:23790"
PODS = "10.98.0.0/24"
GATEWAY = "10.98.0.1"  # the host's end of every pod's link
SERVICES = "10.0.0.0/24"
