import { presentValue } from "../../facts/fact";
import type { Finding } from "../finding";
import type { HostSight, Wanted } from "./host-sight";

/** Whether processes may lock as much memory as was asked for; RDMA registers all its buffers. */
export function memlockFindings(host: HostSight, wanted: Wanted, usesRdma: boolean): Finding[] {
  const limit = wanted.inContainers
    ? (host.container && presentValue(host.container))?.inside?.memlockKib
    : host.hostMemlockKib;
  const askedKib =
    wanted.inContainers && wanted.memlockBytes >= 0 ? wanted.memlockBytes / 1024 : Number.POSITIVE_INFINITY;
  if (limit === undefined || limit === "unlimited" || limit >= askedKib) return [];
  // Without a container the limit of a login is only what a job starts with where RDMA is used.
  if (!wanted.inContainers && !usesRdma) return [];
  return [
    {
      code: "memlock-limited",
      severity: usesRdma ? "error" : "warning",
      host: host.node,
      ...(wanted.inContainers && { path: "container.ulimits.memlock" }),
      fact: `processes may lock ${limit} KiB of memory${wanted.inContainers ? " in the container" : ""}`,
      why: "RDMA registers its buffers as locked memory: ibv_reg_mr fails with 'Cannot allocate memory'",
      remedy: wanted.inContainers
        ? "d=/etc/systemd/system/docker.service.d; mkdir -p $d; printf '[Service]\\nLimitMEMLOCK=infinity\\n' >$d/memlock.conf; systemctl daemon-reload; systemctl restart docker"
        : "echo '* - memlock unlimited' >/etc/security/limits.d/rdma.conf, and log in anew",
    },
  ];
}
