import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../config/schema";
import { Image, type ImageArgs } from "../provider/muster/sdk/image.gen";

export interface NodeImageArgs {
  readonly settings: Cluster;
}

/**
 * The image of the node containers. sshd and pdsh are derived in once, on the first host; the other hosts get the same
 * layer, so that every node runs the same image id. docs/design/0003.
 */
export class NodeImage extends pulumi.ComponentResource {
  private readonly images: ReadonlyMap<string, Image>;

  constructor(cluster: string, args: NodeImageArgs, options: pulumi.ComponentResourceOptions) {
    super("muster:index:NodeImage", `${cluster}-image`, {}, options);
    const { settings } = args;
    const { image } = settings;
    const parent = { parent: this };
    const names = settings.hosts.map(host => host.name);

    const base = new Map(names.map(host => [host, this.base(`${cluster}-${host}-base-image`, host, settings)]));
    if (image.packages === undefined) {
      this.images = base;
      this.registerOutputs();
      return;
    }

    const reference = `muster/${cluster}-node:latest`;
    const [first = "", ...others] = names;
    const origin = new Image(
      `${cluster}-${first}-image`,
      {
        host: first,
        reference,
        source: {
          derive: {
            base: image.reference,
            packages: ["openssh-server", "pdsh", "curl", "rsync"],
            ...(image.packages.debs === undefined ? {} : { debsDirectory: image.packages.debs }),
          },
        },
      },
      { ...parent, dependsOn: [...base.values()] },
    );
    const spread = others.map(
      host =>
        [
          host,
          new Image(
            `${cluster}-${host}-image`,
            {
              host,
              reference,
              source: { spread: { fromHost: first, imageId: origin.imageId } },
            },
            { ...parent, dependsOn: [...base.values()] },
          ),
        ] as const,
    );
    this.images = new Map([[first, origin], ...spread]);
    this.registerOutputs();
  }

  /** Image of a host's node container. */
  on(host: string): Image {
    const found = this.images.get(host);
    if (!found) throw new Error(`no image for ${host}: it is not in the cluster`);
    return found;
  }

  private base(name: string, host: string, { image }: Cluster): Image {
    return new Image(name, { host, reference: image.reference, source: baseSource(image) }, { parent: this });
  }
}

function baseSource(image: Cluster["image"]): ImageArgs["source"] {
  if (image.archive !== undefined) return { archive: image.archive };
  return image.pull ? { pull: {} } : { present: {} };
}
