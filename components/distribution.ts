import * as pulumi from "@pulumi/pulumi";
import { Job } from "../provider/muster/sdk/job.gen";
import { fetchArgv } from "../recipes/fetch";
import { after, jobsOf, ranks, type StepArgs, type Upstream } from "./step";

export interface DistributionArgs extends StepArgs {
  /** Name of the job: "distribute" for what the training reads. */
  readonly step: string;
  /** Folder in the container, the same on every node. */
  readonly folder: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly upstream: readonly (Upstream | undefined)[];
  readonly needs: readonly pulumi.Resource[];
}

/**
 * Copies weights from the node that made them to the nodes that read them, host to host over the mesh: the disks are the
 * nodes' own, and every rank reads from its own node. A shared disk is recognised and left alone.
 */
export class Distribution extends pulumi.ComponentResource {
  readonly job: Job;

  constructor(name: string, args: DistributionArgs, options: pulumi.ComponentResourceOptions) {
    super("muster:index:Distribution", name, {}, options);
    const { settings, step, folder, from } = args;
    const argv = fetchArgv(folder, from);
    this.job = new Job(
      `${name}-job`,
      {
        name: step,
        ...ranks(settings, pulumi.output(args.to.map(node => ({ node, argv, env: {}, transport: {} })))),
        identity: after(args.upstream),
        mode: "completed",
        waitSeconds: (settings.pipeline?.gather?.waitMinutes ?? 120) * 60,
      },
      { parent: this, dependsOn: [...args.needs, ...jobsOf(args.upstream)] },
    );
    this.registerOutputs();
  }
}
