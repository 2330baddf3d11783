import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { Job } from "../provider/muster/sdk/job.gen";
import { Token } from "../provider/muster/sdk/token.gen";
import { singleNode } from "../recipes/placement";
import { readyUrl, serveCommand } from "../recipes/serve";
import { apiKeyVariable } from "../recipes/vllm/serve";
import { after, jobsOf, ranks, type StepArgs, secretEnv, transportOf, type Upstream } from "./step";

/** Name of the server's job. */
export const servingJob = "serve";

export interface ServingArgs extends StepArgs {
  readonly upstream: readonly (Upstream | undefined)[];
  /** The operator's own API key; absent: one is generated. */
  readonly apiKey?: pulumi.Output<string>;
  readonly needs: readonly pulumi.Resource[];
  /** When the node's container was started: a server does not outlive it. */
  readonly containerStarted: (node: string) => pulumi.Input<string>;
  /** Jobs that take its GPUs when they run: after a run of theirs it has to come back. */
  readonly mayBeStoppedBy: readonly Job[];
}

/** A server of the trained weights with the OpenAI API, on the cluster's address. */
export class Serving extends pulumi.ComponentResource {
  readonly job: Job;
  /** `http://10.0.0.1:6060` */
  readonly url: pulumi.Output<string>;
  /** Secret. Absent with SGLang, which takes a key on its command line only. */
  readonly apiKey?: pulumi.Output<string>;
  readonly node: string;

  constructor(name: string, args: ServingArgs, options: pulumi.ComponentResourceOptions) {
    super("muster:index:Serving", name, {}, options);
    const { settings } = args;
    const serve = settings.pipeline?.serve;
    if (!serve) throw new Error("pipeline.serve is not in the cluster file");
    this.node = singleNode(settings, "serve");
    if (serve.engine === "vllm") {
      this.apiKey = args.apiKey ?? new Token(`${name}-api-key`, { bytes: 24 }, { parent: this }).value;
    }
    const key = this.apiKey;
    const commands = args.network.apply(plan => [serveCommand(settings, serve, transportOf(plan))]);
    const address = args.network.apply(plan => transportOf(plan)(this.node).address);
    this.url = address.apply(host => new URL(readyUrl(host, serve)).origin);
    const readySeconds = serve.readyMinutes * 60;
    this.job = new Job(
      `${name}-job`,
      {
        name: servingJob,
        ...ranks(settings, commands),
        // Another key needs another server; the key itself is a secret, so is what is made of it.
        identity: pulumi
          .all([after(args.upstream), key])
          .apply(([upstream, text]) =>
            text === undefined ? upstream : { ...upstream, apiKey: createHash("sha256").update(text).digest("hex") },
          ),
        ...secretEnv(
          args.proxy,
          key?.apply(text => ({ [apiKeyVariable]: text })),
        ),
        claims: [{ host: this.node, gpus: serve.gpus }],
        mode: "ready",
        reviveOn: pulumi
          .all([args.containerStarted(this.node), ...args.mayBeStoppedBy.map(job => job.incarnation)])
          .apply(([started = "", ...runs]) => ({ container: started, runs: runs.join(" ") })),
        // The key is asked for, so the answer 401 would say "up" as well; /health needs none.
        probe: address.apply(host => ({
          host: this.node,
          http: `${new URL(readyUrl(host, serve)).origin}/health`,
          timeoutSeconds: readySeconds,
        })),
        waitSeconds: readySeconds,
      },
      {
        parent: this,
        dependsOn: [...args.needs, ...jobsOf(args.upstream)],
      },
    );
    this.registerOutputs({ url: this.url });
  }
}
