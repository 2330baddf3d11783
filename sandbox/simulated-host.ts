import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { HostPlace } from "./inventory";

/** What all simulated hosts of one sandbox share. */
export interface SimulatedHostArgs {
  place: HostPlace;
  /** Prefix of the names in Docker. */
  prefix: string;
  /** Simulated GPUs. */
  gpus: number;
  /** Tag of the host image; local, never pulled. */
  image: string;
  /** Volume with the ready image stores, and the store in it. */
  storeVolume: string;
  store: string;
  /** Folder with the host's declared key and the authorised login key; absolute. */
  keyFolder: string;
  network: docker.Network;
}

/** One simulated host: a privileged container with sshd, a Docker engine of its own and stubs of the GPU tools. */
export class SimulatedHost extends pulumi.ComponentResource {
  /** Id of the container: a new one means that the host was made anew. */
  readonly containerId: pulumi.Output<string>;

  constructor(name: string, args: SimulatedHostArgs, options: pulumi.ComponentResourceOptions) {
    super("muster-sandbox:index:SimulatedHost", name, {}, options);
    const parent = { parent: this };
    // The inner engine's overlay needs a real file system below it, not the container's own overlay.
    const volume = new docker.Volume(`${name}-docker`, { name: `${args.prefix}-${name}-docker` }, parent);
    const container = new docker.Container(
      name,
      {
        name: `${args.prefix}-${name}`,
        hostname: args.place.name,
        image: args.image,
        privileged: true,
        restart: "no",
        mustRun: true,
        stopTimeout: 30, // the inner engine first stops its own containers
        destroyGraceSeconds: 1,
        envs: [`SIM_GPUS=${args.gpus}`, `SIM_STORE=${args.store}`],
        networksAdvanced: [{ name: args.network.name, ipv4Address: args.place.address }],
        volumes: [
          { volumeName: volume.name, containerPath: "/var/lib/docker" },
          { volumeName: args.storeVolume, containerPath: "/golden", readOnly: true },
          { hostPath: args.keyFolder, containerPath: "/etc/simulated-host", readOnly: true },
        ],
      },
      // Name and address are fixed, so the old one must go first.
      { ...parent, deleteBeforeReplace: true },
    );
    this.containerId = container.id;
    this.registerOutputs({ containerId: this.containerId });
  }
}
