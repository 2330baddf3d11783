import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../config/schema";
import type { ContainerArgs } from "../provider/muster/sdk/container.gen";
import { renderPipConfig } from "../recipes/python-env";
import { nodeFolders } from "./node-folders";

export interface ContainerPlace {
  readonly host: string;
  readonly imageId: pulumi.Input<string>;
  readonly sshdDigest: pulumi.Input<string>;
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
    gpus: container.gpus === "all" ? "all" : Array.from({ length: container.gpus }, (_, index) => index),
    shmSizeMib: Math.round(container.shmSizeGib * 1024),
    network: "host",
    workdir: container.workdir,
    // Later mounts of the same target win: the cluster file may put its own folder over the working directory.
    mounts: [...new Map(mounts.map(mount => [mount.target, mount])).values()],
    env: pulumi.output(place.sshdDigest).apply(digest => ({ ...pip, ...container.env, MUSTER_SSHD: digest })),
    entrypoint: "/bin/sh",
    command: ["/etc/muster/start.sh"],
    restart: "unless-stopped",
    init: true,
    ulimits: [limit("memlock", memlock), limit("stack", stack), limit("nofile", nofile)],
    devices: pulumi.output(place.rdma).apply(rdma => (rdma ? ["/dev/infiniband"] : [])),
    capAdd: pulumi.output(place.rdma).apply(rdma => (rdma ? ["IPC_LOCK"] : [])),
    healthProbe: {
      // A connection to sshd itself, because the container runs before sshd listens.
      script: `timeout 2 bash -c 'exec 3<>/dev/tcp/'"$(awk '$1=="ListenAddress"{print $2}' /etc/muster/sshd_config)"'/${container.sshPort} && head -c 4 <&3 | grep -q SSH-'`,
      timeoutSeconds: 60,
    },
  };
}
