import * as pulumi from "@pulumi/pulumi";
import { Job } from "../provider/muster/sdk/job.gen";
import {
  askConversion,
  conversionIdentity,
  guardedConversion,
  toHfCommand,
  toMcoreCommand,
} from "../recipes/ms-swift/convert";
import { conversionFailures } from "../recipes/ms-swift/known-failures";
import { after, claimed, jobsOf, ranks, resultFile, type StepArgs, secretEnv, type Upstream } from "./step";

export interface ConversionArgs extends StepArgs {
  /** mcore: Hugging Face to Megatron. hf: back. */
  readonly to: "mcore" | "hf";
  readonly upstream: readonly (Upstream | undefined)[];
  readonly needs: readonly pulumi.Resource[];
}

/** One conversion of weights between the formats of Hugging Face and Megatron; into a partial folder, then renamed. */
export class Conversion extends pulumi.ComponentResource {
  readonly job: Job;

  constructor(name: string, args: ConversionArgs, options: pulumi.ComponentResourceOptions) {
    super("muster:index:Conversion", name, {}, options);
    const { settings, to } = args;
    const step = to === "mcore" ? "convert" : "export";
    const { convert, export: back } = settings.pipeline ?? {};
    const part = to === "mcore" ? convert : back;
    const command = to === "mcore" ? convert && toMcoreCommand(settings, convert) : back && toHfCommand(settings, back);
    if (!part || !command) throw new Error(`pipeline.${step} is not in the cluster file`);
    const result = resultFile(settings, step);
    const guarded = {
      ...command,
      argv: guardedConversion(command, part, {
        identity: conversionIdentity(settings, command),
        resultFile: result.container,
      }),
    };
    this.job = new Job(
      `${name}-job`,
      {
        name: step,
        ...ranks(settings, pulumi.output([guarded])),
        identity: after(args.upstream).apply(upstream => ({ image: settings.image.reference, ...upstream })),
        ...(command.usesGpus ? claimed(args, [{ host: command.node, gpus: part.gpus }]) : {}),
        ...secretEnv(args.proxy),
        mode: "completed",
        waitSeconds: part.waitMinutes * 60,
        resultFile: { host: command.node, path: result.host },
        knownFailures: [...conversionFailures],
        precondition: askConversion(guarded, settings.container.name),
      },
      {
        parent: this,
        dependsOn: [...args.needs, ...jobsOf(args.upstream)],
      },
    );
    this.registerOutputs({ output: part.output });
  }
}
