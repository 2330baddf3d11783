import * as pulumi from "@pulumi/pulumi";
import { Job } from "../provider/muster/sdk/job.gen";
import { smokeFailures } from "../recipes/serving/known-failures";
import { chatArgv, chatKeyVariable, type SmokeResult } from "../recipes/smoke";
import type { Serving } from "./serving";
import { ranks, resultFile, type StepArgs, secretEnv } from "./step";

export interface SmokeTestArgs extends StepArgs {
  readonly serving: Serving;
}

/** Chat requests to the server, which must be answered by the served model. Asked again whenever a server is new. */
export class SmokeTest extends pulumi.ComponentResource {
  readonly job: Job;
  /** What the model said. */
  readonly reply: pulumi.Output<string>;
  /** Seconds until the first token of the streamed answer; null without one. */
  readonly firstTokenSeconds: pulumi.Output<number | null>;
  /** Of the streamed answer; null if the server counts no tokens. */
  readonly tokensPerSecond: pulumi.Output<number | null>;

  constructor(name: string, args: SmokeTestArgs, options: pulumi.ComponentResourceOptions) {
    super("muster:index:SmokeTest", name, {}, options);
    const { settings, serving } = args;
    const smoke = settings.pipeline?.smoke;
    if (!smoke) throw new Error("pipeline.smoke is not in the cluster file");
    const result = resultFile(settings, "smoke");
    const commands = serving.url.apply(url => [
      { node: serving.node, argv: chatArgv(settings, smoke, url, result.container), env: {}, transport: {} },
    ]);
    this.job = new Job(
      `${name}-job`,
      {
        name: "smoke",
        ...ranks(settings, commands),
        identity: pulumi.all(serving.jobs.map(job => job.incarnation)).apply(runs => ({ server: runs.join(" ") })),
        ...secretEnv(
          undefined,
          serving.apiKey?.apply(key => ({ [chatKeyVariable]: key })),
        ),
        mode: "completed",
        waitSeconds: smoke.timeoutSeconds + 60,
        resultFile: { host: serving.node, path: result.host },
        knownFailures: [...smokeFailures],
      },
      { parent: this, dependsOn: [...serving.jobs] },
    );
    const measured = this.job.result.apply(text => JSON.parse(text) as SmokeResult);
    this.reply = measured.apply(found => found.reply);
    this.firstTokenSeconds = measured.apply(found => found.firstTokenSeconds);
    this.tokensPerSecond = measured.apply(found => found.tokensPerSecond);
    this.registerOutputs({ reply: this.reply });
  }
}
