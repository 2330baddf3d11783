import * as pulumi from "@pulumi/pulumi";
import type { Cluster as ClusterSettings } from "../config/schema";
import { expectedBusbwGBps } from "../plan/fabric/floor";
import { Gate } from "../provider/muster/sdk/gate.gen";
import { machineFailures } from "../recipes/diagnosis/machine";
import { gateCommands, gateNodes } from "../recipes/fabric";
import { runIdentity } from "../recipes/run-identity";
import { range } from "../recipes/torchrun";
import type { Cluster } from "./cluster";
import type { Fleet } from "./fleet";
import { servingJobs } from "./serving";
import { claimed, ranks, transportOf } from "./step";

export interface FabricArgs {
  readonly settings: ClusterSettings;
  readonly fleet: Fleet;
  readonly cluster: Cluster;
  /** sha256 of the data set on the operator's side, if there is one. */
  readonly dataDigest?: string;
}

/** The tool ends by itself within its limit; this is for its start and its end on a busy host. */
const graceSeconds = 120;

/** The network between the nodes, proven before the first job: docs/fabric.md and docs/design/0017. */
export class Fabric extends pulumi.ComponentResource {
  /** Absent where the cluster file wants none. */
  readonly gate?: Gate;
  private readonly cluster: Cluster;

  constructor(args: FabricArgs, options: pulumi.ComponentResourceOptions = {}) {
    const { settings, fleet, cluster } = args;
    const name = `${settings.name}-fabric`;
    super("muster:index:Fabric", name, {}, { ...options, provider: fleet.provider });
    this.cluster = cluster;
    const nodes = gateNodes(settings);
    if (nodes) this.gate = this.prove(`${name}-gate`, args, nodes);
    // Of each run, for the line is as it was measured until it is measured again.
    this.gate?.warnings?.apply(warnings => {
      for (const warning of warnings ?? []) void pulumi.log.warn(`network.gate: ${warning}`, this.gate);
    });
    this.registerOutputs();
  }

  /** Everything that must be done on these nodes before a job may run there: the gate comes before the first one. */
  readyOn(nodes: readonly string[]): pulumi.Resource[] {
    return [...this.cluster.readyOn(nodes), ...this.gates];
  }

  /** The gate, if there is one. */
  get gates(): Gate[] {
    return this.gate ? [this.gate] : [];
  }

  private prove(name: string, { settings, fleet, cluster, dataDigest }: FabricArgs, nodes: readonly string[]): Gate {
    const { masterPort, gate } = settings.network;
    const commands = fleet.network.apply(plan => gateCommands(settings, nodes, transportOf(plan)));
    const gpus = range(settings.slots);
    const expected = fleet.network.apply(plan =>
      expectedBusbwGBps(plan.nodes.filter(({ node }) => nodes.includes(node))),
    );
    return new Gate(
      name,
      {
        name: "gate",
        nodes: [...nodes],
        ranksPerNode: settings.slots,
        sizesMib: gate.sizesMib,
        masterPort,
        ...ranks(settings, commands),
        identity: { image: settings.image.reference },
        incarnations: Object.fromEntries(
          nodes.map(node => [node, cluster.nodes.get(node)?.container.incarnation ?? ""]),
        ),
        consumer: settings.pipeline?.train ? { train: runIdentity(settings, dataDigest).run } : {},
        ...(gate.trigger !== undefined && { trigger: gate.trigger }),
        ...claimed(
          {
            settings,
            network: fleet.network,
            mayStop: settings.pipeline?.serve?.stopForTraining ? servingJobs(settings) : [],
          },
          nodes.map(host => ({ host, gpus })),
        ),
        waitSeconds: gate.timeoutSeconds + graceSeconds,
        ...(gate.ncclTests === "require" && { requiresNcclTests: true }),
        expectsRdma: fleet.network.apply(plan => plan.rdma.enabled),
        ...(gate.floorGBps !== undefined && { floorGBps: gate.floorGBps }),
        expectedGBps: expected as pulumi.Input<number>,
        tolerancePercent: gate.tolerancePercent,
        knownFailures: [...machineFailures],
      },
      { parent: this, dependsOn: cluster.readyOn(nodes) },
    );
  }
}
