import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../config/schema";
import { healthScriptPath } from "../plan/health-script";
import { startScriptPath } from "../plan/start-script";
import type { ContainerArgs } from "../provider/muster/sdk/container.gen";
import { renderPipConfig } from "../recipes/environment/pip-config";
import { visibleGpus } from "../recipes/placement";
import { nodeFolders } from "./node-folders";

/** Of Docker's own set: raw packets and device nodes, on the host's network. Neither sshd nor torch needs them (docs/security.md). */
const DROPPED = ["MKNOD", "NET_RAW"];

export interface ContainerPlace {
  readonly host: string;
  readonly imageId: pulumi.Input<string>;
  readonly sshdDigest: pulumi.Input<string>;
  readonly startDigest: pulumi.Input<string>;
  readonly rdma: pulumi.Input<boolean>;
}

/** The node container of a host, as the cluster file has it. */
export function containerSettings(settings: Cluster, place: ContainerPlace): ContainerArgs {
  const { container } = settings;
  const folders = nodeFolders(settings);
  const mounts = [
    { source: folders.node.host, target: folders.node.container, readOnly: true },
    { source: folders.ssh.host, target: folders.ssh.container },
    { source: folders.tools.host, target: folders.tools.container, readOnly: true },
    { source: folders.results.host, target: folders.results.container },
    { source: folders.data.host, target: folders.data.container },
    { source: folders.workspace.host, target: folders.workspace.container },
    ...container.mounts.map(mount => ({ source: mount.host, target: mount.container, readOnly: mount.readOnly })),
  ];
  const pip: Record<string, string> =
    renderPipConfig(settings.python) === undefined ? {} : { PIP_CONFIG_FILE: `${folders.node.container}/pip.conf` };
  const { memlock, stack, nofile } = container.ulimits;
  const limit = (name: string, value: number) => ({ name, soft: value, hard: value });
  return {
    host: place.host,
    name: container.name,
    image: place.imageId,
    gpus: visibleGpus(settings),
    shmSizeMib: Math.round(container.shmSizeGib * 1024),
    network: "host",
    workdir: container.workdir,
    // Later mounts of the same target win: the cluster file may put its own folder over the working directory.
    mounts: [...new Map(mounts.map(mount => [mount.target, mount])).values()],
    env: pulumi.output(place.startDigest).apply(digest => ({ ...pip, ...container.env, MUSTER_START: digest })),
    entrypoint: "/bin/sh",
    command: [startScriptPath],
    restart: "unless-stopped",
    init: true,
    ulimits: [limit("memlock", memlock), limit("stack", stack), limit("nofile", nofile)],
    devices: pulumi.output(place.rdma).apply(rdma => (rdma ? ["/dev/infiniband"] : [])),
    capAdd: pulumi.output(place.rdma).apply(rdma => [...new Set([...(rdma ? ["IPC_LOCK"] : []), ...container.capAdd])]),
    capDrop: DROPPED.filter(name => !container.capAdd.includes(name)),
    securityOpt: ["no-new-privileges"],
    ...(container.memoryGib !== undefined && { memoryMib: Math.round(container.memoryGib * 1024) }),
    ...(container.cpus !== undefined && { cpus: container.cpus }),
    ...(container.pidsLimit > 0 && { pidsLimit: container.pidsLimit }),
    healthProbe: { script: healthScriptPath, timeoutSeconds: 60 },
    healthCommand: healthScriptPath,
    service: { digest: place.sshdDigest, restartScript: `${startScriptPath} restart` },
  };
}
