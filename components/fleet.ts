import * as pulumi from "@pulumi/pulumi";
import { type DeclaredHost, wayTo } from "../config/host-table";
import type { Cluster as ClusterSettings } from "../config/schema";
import type { KnownHost } from "../plan/known-facts";
import type { NetworkPlan } from "../plan/network";
import { Host } from "../provider/muster/sdk/host.gen";
import { Provider, type ProviderArgs } from "../provider/muster/sdk/provider.gen";
import { withSecrets } from "../remote/host-table";
import { fitHosts } from "./fit-hosts";
import { Stop } from "./stop";

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
  /** Interface, address and NCCL variables of each node. */
  readonly network: pulumi.Output<NetworkPlan>;

  constructor(args: FleetArgs, options: pulumi.ComponentResourceOptions = {}) {
    const { settings } = args;
    const { name } = settings;
    super("muster:index:Fleet", `${name}-fleet`, {}, options);
    this.provider = new Provider(
      `${name}-provider`,
      { cluster: name, hosts: tableArgs(args), origins: originsOf(args.hostTable), auditLog: ".muster/audit.log" },
      { parent: this },
    );
    const addresses = settings.hosts.map(host => host.address);
    const ways = new Map(args.hostTable.map(host => [host.name, wayTo(host, args.hostTable)]));
    const known = settings.hosts.map(({ name: node, address }) => {
      const peers = addresses.filter(other => other !== address);
      const host = new Host(
        `${name}-${node}-host`,
        { host: node, peers, way: ways.get(node) },
        { parent: this, provider: this.provider },
      );
      return pulumi
        .all([host.facts, host.access])
        .apply(([facts, access]): KnownHost => ({ node, address, facts, access }));
    });
    this.network = pulumi.all(known).apply(hosts => fitHosts(settings, hosts));
    this.registerOutputs();
  }

  /**
   * Resolves once every host was asked and all are fit. What changes hosts is declared after it: docs/design/0005.
   * @throws Unfit with all findings at once; Stop when a host could not be asked, which its own error has told
   */
  async areFit(): Promise<void> {
    // The SDK's own way to wait for an output; unlike `apply` it also ends when the value is unknown: in a preview, and after
    // a failure with continue-on-error.
    const network = this.network as unknown as { promise(): Promise<NetworkPlan>; isKnown: Promise<boolean> };
    await network.promise();
    if (!pulumi.runtime.isDryRun() && !(await network.isKnown))
      throw new Stop("not every host could be asked, so nothing is done on any of them");
  }
}

/** The host table for the provider: each secret an output that the engine keeps encrypted. */
function tableArgs({ hostTable, secret }: FleetArgs): ProviderArgs["hosts"] {
  return hostTable.map(({ origin: _origin, ...host }) =>
    withSecrets(host, ref => secret(ref.secret)),
  ) as unknown as ProviderArgs["hosts"];
}

/** Kept apart: a line that moved in somebody's ssh_config is no change of the table. */
function originsOf(hostTable: FleetArgs["hostTable"]): Record<string, string> {
  return Object.fromEntries(hostTable.flatMap(({ name, origin }) => (origin === undefined ? [] : [[name, origin]])));
}
