import * as pulumi from "@pulumi/pulumi";
import { Job } from "../provider/muster/sdk/job.gen";
import { inferenceFailures } from "../recipes/serving/known-failures";
import { guardedInference, inferCommand, inferenceIdentity } from "../recipes/swift-serve/infer";
import { after, claimed, jobsOf, ranks, resultFile, type StepArgs, secretEnv, type Upstream } from "./step";

export interface InferenceArgs extends StepArgs {
  readonly upstream: readonly (Upstream | undefined)[];
  readonly needs: readonly pulumi.Resource[];
}

/** Answers of the trained weights to a file of questions; into a partial file, then renamed. */
export class Inference extends pulumi.ComponentResource {
  readonly job: Job;

  constructor(name: string, args: InferenceArgs, options: pulumi.ComponentResourceOptions) {
    super("muster:index:Inference", name, {}, options);
    const { settings } = args;
    const infer = settings.pipeline?.infer;
    if (!infer) throw new Error("pipeline.infer is not in the cluster file");
    const command = inferCommand(settings, infer);
    const result = resultFile(settings, "infer");
    const guarded = {
      ...command,
      argv: guardedInference(command, infer, {
        identity: inferenceIdentity(settings, command),
        resultFile: result.container,
      }),
    };
    this.job = new Job(
      `${name}-job`,
      {
        name: "infer",
        ...ranks(settings, pulumi.output([guarded])),
        identity: after(args.upstream).apply(upstream => ({ image: settings.image.reference, ...upstream })),
        ...claimed(args, [{ host: command.node, gpus: infer.gpus }]),
        ...secretEnv(args.proxy),
        mode: "completed",
        waitSeconds: infer.waitMinutes * 60,
        resultFile: { host: command.node, path: result.host },
        knownFailures: [...inferenceFailures],
      },
      { parent: this, dependsOn: [...args.needs, ...jobsOf(args.upstream)] },
    );
    this.registerOutputs({ output: infer.output });
  }
}
