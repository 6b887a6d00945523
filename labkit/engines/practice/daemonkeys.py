"""The keys that a dockerd takes in its daemon.json.

Those of 20.10 were read off a real one, which names the keys that it does not know.

Source: https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file
"""

from __future__ import annotations

from collections.abc import Iterable

_KEYS = """
add-runtime allow-nondistributable-artifacts api-cors-header authorization-plugins bip bridge builder cgroup-parent
cluster-advertise cluster-store cluster-store-opts config-file containerd containerd-namespace
containerd-plugins-namespace cpu-rt-period cpu-rt-runtime cri-containerd data-root debug default-address-pools
default-cgroupns-mode default-gateway default-gateway-v6 default-ipc-mode default-runtime default-shm-size
default-ulimits deprecated-key-path dns dns-opts dns-search exec-opts exec-root experimental features fixed-cidr
fixed-cidr-v6 graph group host-gateway-ip hosts icc init init-path insecure-registries ip ip-forward ip-masq ip6tables
iptables ipv6 labels live-restore log-driver log-level log-opts max-concurrent-downloads max-concurrent-uploads
max-download-attempts metrics-addr mtu network-control-plane-mtu network-diagnostic-port no-new-privileges
node-generic-resources oom-score-adjust pidfile raw-logs registry-mirrors rootless runtimes seccomp-profile
selinux-enabled shutdown-timeout storage-driver storage-opts swarm-default-advertise-addr tls tlscacert tlscert tlskey
tlsverify userland-proxy userland-proxy-path userns-remap
"""
_NEWER = """
allow-direct-routing bip6 bridge-accept-fwmark cdi-spec-dirs default-network-opts firewall-backend host-gateway-ips
http-proxy https-proxy ip-forward-no-drop log-format min-api-version no-proxy proxies swarm-raft-election-tick
swarm-raft-heartbeat-tick
"""
"""Those that came after 20.10."""


def unknown(config: Iterable[str], *, old: bool) -> list[str]:
    """Return the keys of a daemon.json that a dockerd does not know."""
    return sorted(set(config) - set(f"{_KEYS} {'' if old else _NEWER}".split()))
