import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { type DeclaredHost, wayTo } from "../config/host-table";
import type { Cluster as ClusterSettings } from "../config/schema";
import { type KnownHost, knownHost } from "../plan/known-facts";
import type { NetworkPlan } from "../plan/network";
import { Host } from "../provider/muster/sdk/host.gen";
import { Provider } from "../provider/muster/sdk/provider.gen";
import { fitHosts } from "./fit-hosts";
import { hostInputs } from "./host-inputs";
import { modelFolder } from "./model-findings";
import { Stop } from "./stop";
import { wantedOf } from "./wanted";

export interface FleetArgs {
  readonly settings: ClusterSettings;
  /** How the hosts are reached; secrets are names in it. */
  readonly hostTable: readonly DeclaredHost[];
  /** A secret of the stack's configuration, by its name. */
  readonly secret: (name: string) => pulumi.Output<string>;
}

/** The hosts of a cluster file as they are found: asked, not changed. */
export class Fleet extends pulumi.ComponentResource {
  readonly provider: Provider;
  private readonly hosts: ReadonlyMap<string, Host>;
  private planned: pulumi.Output<NetworkPlan>;

  constructor(args: FleetArgs, options: pulumi.ComponentResourceOptions = {}) {
    const { settings } = args;
    const { name } = settings;
    super("muster:index:Fleet", `${name}-fleet`, {}, options);
    const nodes = settings.hosts.map(host => ({ host: host.name, address: host.clusterAddress }));
    this.provider = new Provider(
      `${name}-provider`,
      { cluster: name, ...hostInputs(args.hostTable, args.secret), nodes, auditLog: ".muster/audit.log" },
      { parent: this },
    );
    const peersDigest = createHash("sha256").update(JSON.stringify(nodes)).digest("hex").slice(0, 12);
    const ways = new Map(args.hostTable.map(host => [host.name, wayTo(host, args.hostTable)]));
    const model = modelFolder(settings);
    const wanted = wantedOf(settings);
    this.hosts = new Map(
      settings.hosts.map(({ name: node }) => [
        node,
        new Host(
          `${name}-${node}-host`,
          {
            host: node,
            peersDigest,
            way: ways.get(node),
            ...(model !== undefined && { model }),
            ports: wanted.ports(node).map(({ port }) => port),
            paths: wanted.paths(node).map(({ path }) => path),
          },
          { parent: this, provider: this.provider },
        ),
      ]),
    );
    const known = settings.hosts.map(({ name: node, clusterAddress }) => {
      const host = this.on(node);
      return pulumi.all([host.facts, host.access, host.foreignOwner, host.portHolders, host.existingPaths]).apply(
        ([facts, access, foreignOwner, ports, paths]): KnownHost =>
          knownHost({
            node,
            address: clusterAddress,
            facts,
            access,
            foreignOwner,
            // Of a host that an earlier version asked there is neither.
            ...(ports && { ports }),
            ...(paths && { paths }),
          }),
      );
    });
    this.planned = pulumi.all(known).apply(hosts => fitHosts(settings, hosts));
    this.registerOutputs();
  }

  /** The host of a node. What is done on the host depends on it: where it can't be reached the engine leaves that out. */
  on(node: string): Host {
    const host = this.hosts.get(node);
    if (!host) throw new Error(`${node} is no host of the cluster file`);
    return host;
  }

  /** Interface, address and NCCL variables of each node. */
  get network(): pulumi.Output<NetworkPlan> {
    return this.planned;
  }

  /**
   * Resolves once every host was asked, and those that answered are fit. What changes hosts is declared after it:
   * docs/design/0005.
   * @throws Unfit with all findings at once; Stop when a host's facts could not be understood, which its own error has told
   */
  async areFit(): Promise<void> {
    // The SDK's own way to wait for an output; unlike `apply` it also ends when the value is unknown: in a preview, and after
    // a failure with continue-on-error.
    const network = this.planned as unknown as { promise(): Promise<NetworkPlan>; isKnown: Promise<boolean> };
    const plan = await network.promise();
    if (await network.isKnown) {
      // As a plain value: an output would make everything depend on every host, and one that is out of reach stop all.
      this.planned = pulumi.output(plan);
    } else if (!pulumi.runtime.isDryRun())
      throw new Stop("not every host could be asked, so nothing is done on any of them");
  }
}
