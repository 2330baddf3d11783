import * as pulumi from "@pulumi/pulumi";
import type { Cluster as ClusterSettings } from "../config/schema";
import { Container } from "../provider/muster/sdk/container.gen";
import { File } from "../provider/muster/sdk/file.gen";
import type { Image } from "../provider/muster/sdk/image.gen";
import { containerSettings } from "./container-settings";
import type { NodeFile } from "./mesh-files";
import { nodeTools, workFolders } from "./node-ground";

export interface GpuNodeArgs {
  readonly settings: ClusterSettings;
  readonly host: string;
  readonly image: Image;
  /** Text files of the node, which change in place. */
  readonly files: Readonly<Record<string, NodeFile>>;
  /** Digests of what sshd, and of what the container's own process, read only when they start. */
  readonly sshdDigest: pulumi.Input<string>;
  readonly startDigest: pulumi.Input<string>;
  /** Whether the host has RDMA devices that the container shall see. */
  readonly rdma: pulumi.Input<boolean>;
  /** The host: where it is out of reach, nothing of the node is tried. */
  readonly reachable: pulumi.Resource;
}

/** One host of the cluster: its files, the container, sshd in it. */
export class GpuNode extends pulumi.ComponentResource {
  readonly container: Container;

  constructor(name: string, args: GpuNodeArgs, options: pulumi.ComponentResourceOptions) {
    super("muster:index:GpuNode", name, {}, options);
    const { settings, host } = args;
    const parent = { parent: this, dependsOn: [args.reachable] };
    const written = [
      ...workFolders(name, host, settings, parent),
      ...Object.entries(args.files).map(
        ([noun, file]) =>
          new File(`${name}-${noun}`, { host, path: file.path, content: file.content, mode: file.mode }, parent),
      ),
      ...nodeTools(name, host, settings, parent),
    ];

    this.container = new Container(
      `${name}-container`,
      containerSettings(settings, {
        host,
        imageId: args.image.imageId,
        sshdDigest: args.sshdDigest,
        startDigest: args.startDigest,
        rdma: args.rdma,
      }),
      // The files are mounted: they must be there when sshd starts, and their changes never touch the container.
      { parent: this, dependsOn: [args.reachable, ...written] },
    );
    this.registerOutputs({ incarnation: this.container.incarnation });
  }
}
