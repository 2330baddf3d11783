import * as pulumi from "@pulumi/pulumi";
import { Job } from "../provider/muster/sdk/job.gen";
import { gatherArgv } from "../recipes/gather";
import { after, jobsOf, ranks, resultFile, type StepArgs, type Upstream } from "./step";

export interface GatheringArgs extends StepArgs {
  readonly upstream: readonly (Upstream | undefined)[];
}

/** Brings the shards that lie on the nodes' own disks to the first training node, and proves that the set is complete. */
export class Gathering extends pulumi.ComponentResource {
  readonly job: Job;

  constructor(name: string, args: GatheringArgs, options: pulumi.ComponentResourceOptions) {
    super("muster:index:Gathering", name, {}, options);
    const { settings } = args;
    const result = resultFile(settings, "gather");
    const { node, argv } = gatherArgv(settings, result.container);
    this.job = new Job(
      `${name}-job`,
      {
        name: "gather",
        ...ranks(settings, pulumi.output([{ node, argv, env: {}, transport: {} }])),
        identity: after(args.upstream),
        mode: "completed",
        waitSeconds: (settings.pipeline?.gather?.waitMinutes ?? 120) * 60,
        resultFile: { host: node, path: result.host },
      },
      { parent: this, dependsOn: jobsOf(args.upstream) },
    );
    this.registerOutputs({ result: this.job.result });
  }
}
