import * as pulumi from "@pulumi/pulumi";
import type { TrainSettings } from "../config/schema/pipeline";
import { Job } from "../provider/muster/sdk/job.gen";
import { trainingFailures } from "../recipes/ms-swift/known-failures";
import { reportSecrets } from "../recipes/ms-swift/report";
import { resumable } from "../recipes/ms-swift/resume";
import { trainCommands } from "../recipes/ms-swift/train";
import { after, claimed, jobsOf, ranks, type StepArgs, secretEnv, transportOf, type Upstream } from "./step";

export interface TrainingArgs extends StepArgs {
  /** What its result depends on, besides commands and world layout. */
  readonly identity: Readonly<Record<string, string>>;
  readonly upstream: readonly (Upstream | undefined)[];
  /** Files and folders that must be there first. */
  readonly needs: readonly pulumi.Resource[];
  /** A secret of the stack's configuration, by its name. */
  readonly secret: (name: string) => pulumi.Output<string>;
}

/** The multi-node training: one launcher a node, in rank order. */
export class Training extends pulumi.ComponentResource {
  readonly job: Job;

  constructor(name: string, args: TrainingArgs, options: pulumi.ComponentResourceOptions) {
    super("muster:index:Training", name, {}, options);
    const { settings } = args;
    const train = settings.pipeline?.train;
    if (!train) throw new Error("pipeline.train is not in the cluster file");
    const commands = args.network.apply(plan =>
      trainCommands(settings, train, transportOf(plan)).map((command, index) => resumable(settings, command, index)),
    );
    const gpus = Array.from({ length: settings.slots }, (_, index) => index);
    this.job = new Job(
      `${name}-job`,
      {
        name: "train",
        ...ranks(settings, commands),
        identity: after(args.upstream).apply(upstream => ({ ...args.identity, ...upstream })),
        ...claimed(
          args,
          train.nodes.map(host => ({ host, gpus })),
        ),
        ...secretEnv(args.proxy, keysOf(train, args.secret)),
        mode: "completed",
        waitSeconds: train.waitMinutes * 60,
        knownFailures: [...trainingFailures],
      },
      {
        parent: this,
        dependsOn: [...args.needs, ...jobsOf(args.upstream)],
      },
    );
    this.registerOutputs({ output: train.output, status: this.job.status });
  }
}

/** Keys of the reports, by the names of their variables; undefined without any. */
function keysOf(
  { report }: TrainSettings,
  secret: TrainingArgs["secret"],
): pulumi.Output<Record<string, string>> | undefined {
  const keys = reportSecrets(report).map(({ variable, secret: name }) => [variable, secret(name)] as const);
  return keys.length === 0 ? undefined : pulumi.output(Object.fromEntries(keys));
}
