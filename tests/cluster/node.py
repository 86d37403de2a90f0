"""Configure and start the control plane and the node."""

import json
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import yaml

from tests.cluster import audit, cgroups, images
from tests.cluster.build import binaries
from tests.cluster.kubectl import kubectl
from tests.cluster.paths import (
    API,
    AUDIT,
    CERTS,
    CGROUP,
    CONTAINERD,
    ETCD,
    KUBECONFIG,
    NETWORK,
    NODE_IP,
    PODS,
    RUNC,
    SERVICES,
    STATE,
)
from tests.cluster.processes import start, wait

TOKEN = "fuseml-cluster"


def configure() -> None:
    """Write the files that the daemons read."""
    for folder in ("certs", "cni", "pods", "kubelet", "logs"):
        (STATE / folder).mkdir(parents=True, exist_ok=True)
    subprocess.run(["ip", "address", "replace", f"{NODE_IP}/32", "dev", "lo"], check=True, timeout=10)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    if not (STATE / "sa.key").exists():
        subprocess.run(["openssl", "genrsa", "-out", STATE / "sa.key", "2048"], check=True, stderr=subprocess.DEVNULL)
    (STATE / "tokens").write_text(f'{TOKEN},admin,admin,"system:masters"\n')
    KUBECONFIG.write_text(yaml.safe_dump(_kubeconfig()))
    (STATE / "containerd.toml").write_text(_containerd())
    (STATE / "cni/10-fuseml.conflist").write_text(json.dumps(_network()))
    (STATE / "kubelet.yaml").write_text(yaml.safe_dump(_kubelet()))
    (STATE / "audit.yaml").write_text(yaml.safe_dump(audit.policy()))
    cgroups.make()


def run() -> None:
    """Start the control plane and containerd, in order."""
    k8s = binaries("kubernetes")
    start(
        "etcd", binaries("etcd") / "etcd", "--data-dir", STATE / "etcd", "--listen-client-urls", ETCD,
        "--advertise-client-urls", ETCD, "--listen-peer-urls", "http://127.0.0.1:23800", "--unsafe-no-fsync",
    )  # fmt: skip
    start(
        "kube-apiserver", k8s / "kube-apiserver", f"--etcd-servers={ETCD}", f"--bind-address={NODE_IP}",
        f"--advertise-address={NODE_IP}", "--secure-port=16443", f"--cert-dir={CERTS}",
        "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={STATE}/sa.key",
        f"--service-account-signing-key-file={STATE}/sa.key", f"--token-auth-file={STATE}/tokens",
        "--authorization-mode=RBAC", f"--service-cluster-ip-range={SERVICES}", "--allow-privileged=true",
        "--kubelet-preferred-address-types=InternalIP", f"--audit-policy-file={STATE}/audit.yaml",
        f"--audit-log-path={AUDIT}", "--audit-log-maxsize=2000", "--audit-log-maxbackup=1",
        reads=[STATE / "audit.yaml", STATE / "tokens", STATE / "sa.key"],
    )  # fmt: skip
    wait("kube-apiserver", lambda: kubectl("get", "--raw=/readyz", check=False).returncode == 0)
    start(
        "kube-controller-manager", k8s / "kube-controller-manager", f"--kubeconfig={KUBECONFIG}",
        f"--service-account-private-key-file={STATE}/sa.key", f"--root-ca-file={CERTS}/apiserver.crt",
        "--use-service-account-credentials=false", "--leader-elect=false", "--secure-port=0",
        f"--flex-volume-plugin-dir={STATE}/kubelet/volume-plugins",
    )  # fmt: skip
    start(
        "kube-scheduler", k8s / "kube-scheduler", f"--kubeconfig={KUBECONFIG}", "--leader-elect=false",
        "--secure-port=0",
    )  # fmt: skip
    start(
        "kube-proxy", k8s / "kube-proxy", f"--kubeconfig={KUBECONFIG}", "--proxy-mode=nftables",
        f"--cluster-cidr={PODS}", "--hostname-override=node", "--conntrack-max-per-core=0",
        "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0",
        "--healthz-bind-address=127.0.0.1:16256", "--metrics-bind-address=127.0.0.1:16249",
    )  # fmt: skip
    files = [STATE / "containerd.toml", STATE / "cni/10-fuseml.conflist"]
    start("containerd", "/usr/bin/containerd", "-c", files[0], reads=files)
    wait("containerd", lambda: images.ctr("version", check=False).returncode == 0)


def join() -> None:
    """Start the kubelet, for which the images must exist, and wait for the node."""
    began = time.time()
    started = _start_kubelet()
    # The status may still be that of the previous kubelet.
    since = began - 1 if started else 0
    wait("kubelet", lambda: _heard_from_node() > since or _insist_on_kubelet())


def _insist_on_kubelet() -> bool:
    """Start the kubelet again: it ends at once while containerd is still taking back its containers."""
    _start_kubelet()
    return False


def _start_kubelet() -> bool:
    return start(
        "kubelet", binaries("kubernetes") / "kubelet", f"--config={STATE}/kubelet.yaml", f"--kubeconfig={KUBECONFIG}",
        f"--root-dir={STATE}/kubelet", f"--cert-dir={STATE}/kubelet/pki", "--hostname-override=node",
        f"--node-ip={NODE_IP}", reads=[STATE / "kubelet.yaml"],
    )  # fmt: skip


def _heard_from_node() -> float:
    """When the node last reported that it is ready; 0 if it is not."""
    shown = kubectl("get", "node", "node", "-o", "json", check=False).stdout
    conditions = json.loads(shown)["status"].get("conditions", []) if shown else []
    ready = [c for c in conditions if c["type"] == "Ready" and c["status"] == "True"]
    beats = [datetime.strptime(c["lastHeartbeatTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) for c in ready]
    return max((beat.timestamp() for beat in beats), default=0)


def _kubeconfig() -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": API, "certificate-authority": f"{CERTS}/apiserver.crt"}}],
        "users": [{"name": "admin", "user": {"token": TOKEN}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "admin"}}],
        "current-context": "c",
    }


def _containerd() -> str:
    return f"""version = 2
root = "{STATE}/containerd/root"
state = "{STATE}/containerd/state"
[grpc]
  address = "{CONTAINERD}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{STATE}/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/local/pause:1"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{STATE}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "{RUNC}"
"""


def _network() -> dict[str, object]:
    ipam = {
        "type": "host-local", "dataDir": f"{STATE}/leases", "ranges": [[{"subnet": PODS}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }  # fmt: skip
    return {"cniVersion": "0.4.0", "name": NETWORK, "plugins": [{"type": "ptp", "ipam": ipam}]}


def _kubelet() -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "failCgroupV1": False,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{CGROUP}",
        "failSwapOn": False,
        "enforceNodeAllocatable": [],
        "containerRuntimeEndpoint": f"unix://{CONTAINERD}",
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "makeIPTablesUtilChains": False,
        # Any client that reaches it may run commands in pods, so it listens on this address only.
        "address": NODE_IP,
        "port": 16250,
        "healthzPort": 16248,
        "readOnlyPort": 0,
        "podLogsDir": f"{STATE}/pods",
        "volumePluginDir": f"{STATE}/kubelet/volume-plugins",
        "clusterDNS": ["10.0.0.10"],
        # Pods get changed Secrets within some 15 seconds, not 90: tests wait for that.
        "syncFrequency": "10s",
    }
