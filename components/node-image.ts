import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../config/schema";
import { Image, type ImageArgs } from "../provider/muster/sdk/image.gen";
import type { Fleet } from "./fleet";

export interface NodeImageArgs {
  readonly settings: Cluster;
  readonly fleet: Fleet;
  /** A secret of the stack's configuration, by its name. */
  readonly secret: (name: string) => pulumi.Output<string>;
}

/**
 * The image of the node containers: what the cluster file names, and derived from that one with sshd and pdsh in it. Each host depends on
 * itself only; who derives and who takes it from whom is found out when it is done. docs/design/0003, 0008.
 */
export class NodeImage extends pulumi.ComponentResource {
  private readonly images: ReadonlyMap<string, Image>;

  constructor(cluster: string, args: NodeImageArgs, options: pulumi.ComponentResourceOptions) {
    super("muster:index:NodeImage", `${cluster}-image`, {}, options);
    this.images = new Map(args.settings.hosts.map(({ name }) => [name, this.imageOf(cluster, name, args)]));
    pulumi.all([...this.images.values()].map(image => image.imageId)).apply(ids => warnIfMixed(args.settings, ids));
    this.registerOutputs();
  }

  /** Image of a host's node container. */
  on(host: string): Image {
    const found = this.images.get(host);
    if (!found) throw new Error(`no image for ${host}: it is not in the cluster`);
    return found;
  }

  private imageOf(cluster: string, host: string, { settings, fleet, secret }: NodeImageArgs): Image {
    const { image } = settings;
    const { reference, digest, registry, packages } = image;
    const declared = new Map(settings.hosts.map(({ name, clusterAddress }) => [name, clusterAddress]));
    // The provider has the nodes: with all of them in each image the state would grow with the square of the hosts.
    const peers = fleet.network.apply(plan =>
      plan.nodes.flatMap(({ node, address }) => (declared.get(node) === address ? [] : [{ host: node, address }])),
    );
    const base = new Image(
      `${cluster}-${host}-base-image`,
      {
        host,
        reference,
        source: baseSource(image),
        peers,
        spread: image.spread ?? image.archive !== undefined,
        ...(digest !== undefined && { pinnedDigest: digest }),
        ...(registry && { registry: { ...registry, password: secret(registry.password.secret) } }),
      },
      { parent: this, dependsOn: [fleet.on(host)] },
    );
    if (packages === undefined) return base;
    return new Image(
      `${cluster}-${host}-image`,
      {
        host,
        reference: `muster/${cluster}-node:latest`,
        source: {
          derive: {
            base: reference,
            baseId: base.imageId,
            packages: ["openssh-server", "pdsh", "curl", "rsync"],
            ...(packages.debs !== undefined && { debsDirectory: packages.debs }),
            ...(packages.mirror !== undefined && { mirror: packages.mirror }),
          },
        },
        peers,
        spread: true,
      },
      { parent: this, dependsOn: [base] },
    );
  }
}

function baseSource(image: Cluster["image"]): ImageArgs["source"] {
  if (image.archive !== undefined) return { archive: { path: image.archive } };
  return image.pull ? { pull: {} } : { present: {} };
}

/** Hosts that were loaded by hand may have got different images under one name; a job over both of them ends in the strangest ways. */
function warnIfMixed({ hosts, image }: Cluster, ids: readonly string[]): void {
  const kinds = new Set(ids);
  if (kinds.size < 2) return;
  const lines = hosts.map(({ name }, index) => `${name} has ${ids[index]}`);
  void pulumi.log.warn(
    `the hosts do not run the same image: ${lines.join(", ")}. Remedy: bring the same ${image.reference} to all of them, ` +
      "and give all of them the same kind of image store (docker info -f '{{.DriverStatus}}')",
  );
}
