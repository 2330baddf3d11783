import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster as ClusterSettings } from "../config/schema";
import type { ServeSettings } from "../config/schema/pipeline";
import { Job } from "../provider/muster/sdk/job.gen";
import { Token } from "../provider/muster/sdk/token.gen";
import type { NodeCommand } from "../recipes/command";
import { servingNodes } from "../recipes/placement";
import { serveCommands } from "../recipes/serve";
import { servingFailures } from "../recipes/serving/known-failures";
import { replicaGroups } from "../recipes/serving/layout";
import { engineTimeout, origin, readyMinutes, readyPath, routerReadyPath } from "../recipes/serving/readiness";
import { routerCommand } from "../recipes/sglang/router";
import { apiKeyVariable } from "../recipes/vllm/serve";
import { after, jobsOf, ranks, type StepArgs, secretEnv, transportOf, type Upstream } from "./step";

/** Names of the servers' jobs: one a replica. */
export function servingJobs({ pipeline }: Pick<ClusterSettings, "pipeline">): string[] {
  const replicas = pipeline?.serve?.replicas ?? 0;
  return Array.from({ length: replicas }, (_, i) => (i === 0 ? "serve" : `serve-${i + 1}`));
}

export interface ServingArgs extends StepArgs {
  readonly upstream: readonly (Upstream | undefined)[];
  /** Steps that must be over first, whose result the server does not read. */
  readonly behind: readonly (Upstream | undefined)[];
  /** Bytes of the weights, as the step has told that made them. */
  readonly weightBytes?: pulumi.Output<number | undefined>;
  /** The operator's own API key; absent: one is generated. */
  readonly apiKey?: pulumi.Output<string>;
  readonly needs: readonly pulumi.Resource[];
  /** When a node's container was started: a server does not outlive it. */
  readonly containerStarted: (node: string) => pulumi.Input<string>;
  /** What takes its GPUs when it runs: after such a run it has to come back. */
  readonly mayBeStoppedBy: readonly { readonly incarnation: pulumi.Output<string> }[];
}

/** Servers of the trained weights with the OpenAI API, on the cluster's addresses; a router if there are several. */
export class Serving extends pulumi.ComponentResource {
  /** What answers at `url`: the router, else the server. */
  readonly job: Job;
  /** Every server, and the router. */
  readonly jobs: readonly Job[];
  /** `http://10.0.0.1:6060` */
  readonly url: pulumi.Output<string>;
  /** Secret. Only of vLLM: the others take a key where everyone can read it. */
  readonly apiKey?: pulumi.Output<string>;
  /** The node of the API. */
  readonly node: string;

  constructor(name: string, args: ServingArgs, options: pulumi.ComponentResourceOptions) {
    super("muster:index:Serving", name, {}, options);
    const { settings } = args;
    const serve = settings.pipeline?.serve;
    if (!serve) throw new Error("pipeline.serve is not in the cluster file");
    if (serve.engine === "vllm") {
      this.apiKey = args.apiKey ?? new Token(`${name}-api-key`, { bytes: 24 }, { parent: this }).value;
    }
    const groups = replicaGroups(servingNodes(settings), serve.replicas);
    const heads = groups.flatMap(group => group.slice(0, 1));
    this.node = heads[0] ?? "";
    const all = args.network.apply(plan => serveCommands(settings, serve, transportOf(plan)));
    const servers = groups.map((group, i) =>
      this.server(i === 0 ? name : `${name}-${i + 1}`, servingJobs(settings)[i] ?? "serve", group, {
        args,
        serve,
        commands: all.apply(commands => commands[i] ?? []),
      }),
    );
    const router = serve.router && this.router(`${name}-router`, args, serve, heads, servers);
    this.url = this.addressOf(args, this.node).apply(host => origin(host, serve.router?.port ?? serve.port));
    this.jobs = [...servers, ...(router ? [router] : [])];
    const answering = router ?? servers[0];
    if (!answering) throw new Error("pipeline.serve: no server; the schema asks for one replica at least");
    this.job = answering;
    this.registerOutputs({ url: this.url });
  }

  private addressOf({ network }: ServingArgs, node: string): pulumi.Output<string> {
    return network.apply(plan => transportOf(plan)(node).address);
  }

  private server(
    name: string,
    job: string,
    nodes: readonly string[],
    what: { args: ServingArgs; serve: ServeSettings; commands: pulumi.Output<readonly NodeCommand[]> },
  ): Job {
    const { args, serve } = what;
    const { settings } = args;
    const key = this.apiKey;
    const head = nodes[0] ?? "";
    const readySeconds = pulumi.output(args.weightBytes).apply(bytes => readyMinutes(serve, bytes) * 60);
    const commands = pulumi.all([what.commands, readySeconds]).apply(([all, seconds]) =>
      all.map(command => ({
        ...command,
        transport: { ...engineTimeout(serve.engine, seconds / 60), ...command.transport },
      })),
    );
    return new Job(
      `${name}-job`,
      {
        name: job,
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
        claims: nodes.map(host => ({ host, gpus: serve.gpus })),
        mode: "ready",
        reviveOn: {
          container: pulumi.all(nodes.map(args.containerStarted)).apply(times => times.join(" ")),
          runs: pulumi.all(args.mayBeStoppedBy.map(other => other.incarnation)).apply(runs => runs.join(" ")),
        },
        // The key is asked for, so the answer 401 would say "up" as well; what is probed needs none.
        probe: {
          host: head,
          http: this.addressOf(args, head).apply(
            host => `${origin(host, serve.port)}${readyPath(serve.engine, settings.image.swift)}`,
          ),
          timeoutSeconds: readySeconds,
        },
        // Longer than the server may take, so that it is judged and not only left behind.
        waitSeconds: readySeconds.apply(seconds => seconds + graceSeconds),
        knownFailures: servingFailures(serve.engine),
      },
      { parent: this, dependsOn: [...args.needs, ...jobsOf(args.upstream), ...jobsOf(args.behind)] },
    );
  }

  private router(
    name: string,
    args: ServingArgs,
    serve: ServeSettings,
    heads: readonly string[],
    servers: readonly Job[],
  ): Job {
    const { router } = serve;
    if (!router) throw new Error("pipeline.serve.router is not in the cluster file");
    const node = heads[0] ?? "";
    const commands = args.network.apply(plan => [routerCommand(serve, router, heads, transportOf(plan))]);
    const address = this.addressOf(args, node);
    return new Job(
      `${name}-job`,
      {
        name: "router",
        ...ranks(args.settings, commands),
        identity: {},
        mode: "ready",
        reviveOn: { container: args.containerStarted(node) },
        probe: {
          host: node,
          http: address.apply(host => `${origin(host, router.port)}${routerReadyPath}`),
          timeoutSeconds: routerSeconds,
        },
        waitSeconds: routerSeconds + graceSeconds,
        knownFailures: servingFailures("sglang"),
      },
      { parent: this, dependsOn: [...servers] },
    );
  }
}

const graceSeconds = 60;
/** The servers are ready before; the router only has to find them. */
const routerSeconds = 300;
