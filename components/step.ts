import * as pulumi from "@pulumi/pulumi";
import type { Cluster as ClusterSettings } from "../config/schema";
import type { NetworkPlan } from "../plan/network";
import type { Job, JobArgs } from "../provider/muster/sdk/job.gen";
import type { NodeCommand, NodeTransport } from "../recipes/command";
import { nodeFolders } from "./node-folders";
import { rankPlace } from "./rank-place";

/** What every step of the pipeline needs to know. */
export interface StepArgs {
  /** The cluster file, with the folders of this run. */
  readonly settings: ClusterSettings;
  readonly network: pulumi.Output<NetworkPlan>;
  /** Variables of the proxy, for whatever a step downloads. The URL may hold a password. */
  readonly proxy?: pulumi.Output<Record<string, string>> | undefined;
  /** Servers that a step may stop to take their GPUs. */
  readonly mayStop?: readonly string[];
}

/** The step before: it must be done first, and when it is done anew this one is too. */
export interface Upstream {
  readonly job: Job;
}

/** How a node reaches the others, from the network plan. */
export function transportOf(plan: NetworkPlan): (node: string) => NodeTransport {
  return node => {
    const found = plan.nodes.find(entry => entry.node === node);
    if (!found) throw new Error(`${node} is not in the network plan`);
    return { address: found.address, env: found.env };
  };
}

/** Where a step's result file lies: in the container, and on the host. */
export function resultFile(settings: ClusterSettings, step: string): { container: string; host: string } {
  const { results } = nodeFolders(settings);
  return { container: `${results.container}/${step}.json`, host: `${results.host}/${step}.json` };
}

/** Jobs of the steps before, as far as the cluster file has them. */
export function jobsOf(upstream: readonly (Upstream | undefined)[]): Job[] {
  return upstream.flatMap(step => (step ? [step.job] : []));
}

/** Identity that ties a step to the steps before it. */
export function after(upstream: readonly (Upstream | undefined)[]): pulumi.Output<Record<string, string>> {
  return pulumi
    .all(jobsOf(upstream).map(job => pulumi.all([job.name, job.identityDigest])))
    .apply(pairs => Object.fromEntries(pairs.map(([name, digest]) => [`after-${name}`, digest])));
}

/** Variables that are delivered in a file of mode 0600 and change no result: the proxy's, and the step's own. */
export function secretEnv(
  proxy: StepArgs["proxy"],
  own?: pulumi.Input<Record<string, string>>,
): Pick<JobArgs, "secretEnv"> {
  const parts: pulumi.Input<Record<string, string>>[] = [proxy, own].filter(part => part !== undefined);
  if (parts.length === 0) return {};
  return { secretEnv: pulumi.all(parts).apply(all => Object.assign({}, ...all) as Record<string, string>) };
}

/** The GPUs that a step takes, and the servers that it may stop for them. */
export function claimed(
  { mayStop = [] }: StepArgs,
  claims: { host: string; gpus: number[] }[],
): Pick<JobArgs, "claims" | "mayStop"> {
  return { claims, ...(mayStop.length > 0 && { mayStop: [...mayStop] }) };
}

/** Ranks and transport of a job, one rank per command: in the node containers, or in the environment on the hosts. */
export function ranks(
  settings: ClusterSettings,
  commands: pulumi.Output<readonly NodeCommand[]>,
): Pick<JobArgs, "ranks" | "transportEnv" | "sshConfig"> {
  const place = rankPlace(settings);
  return {
    ranks: commands.apply(all =>
      all.map(command => ({
        host: command.node,
        ...(place.container !== undefined && { container: place.container }),
        argv: command.argv.map(place.word),
        env: { ...place.env, ...command.env },
        workdir: place.workdir,
      })),
    ),
    transportEnv: commands.apply(all =>
      Object.fromEntries(all.map(command => [command.node, { ...command.transport }])),
    ),
    ...(place.sshConfig !== undefined && { sshConfig: place.sshConfig }),
  };
}
