import * as pulumi from "@pulumi/pulumi";
import { wayTo } from "../config/host-table";
import type { Cluster as ClusterSettings } from "../config/schema";
import type { KnownHost } from "../plan/known-facts";
import type { NetworkPlan } from "../plan/network";
import { Host } from "../provider/muster/sdk/host.gen";
import { Provider, type ProviderArgs } from "../provider/muster/sdk/provider.gen";
import type { HostConnection } from "../remote/host-table";
import { fitHosts } from "./fit-hosts";
import { Stop } from "./stop";

export interface FleetArgs {
  readonly settings: ClusterSettings;
  readonly hostTable: readonly HostConnection[];
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
      { cluster: name, hosts: tableArgs(args.hostTable), auditLog: ".muster/audit.log" },
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

function tableArgs(table: readonly HostConnection[]): ProviderArgs["hosts"] {
  return table.map(host => ({ ...host, hostKeys: [...host.hostKeys] })) as ProviderArgs["hosts"];
}
