import * as pulumi from "@pulumi/pulumi";
import type { Cluster as ClusterSettings } from "../config/schema";
import { startWeights } from "../recipes/ms-swift/start";
import { servedModel, singleNode } from "../recipes/placement";
import { placedRun, runIdentity } from "../recipes/run-identity";
import type { Cluster } from "./cluster";
import { Conversion } from "./conversion";
import { dataFiles } from "./data-sets";
import { Distribution } from "./distribution";
import type { Fleet } from "./fleet";
import { Gathering } from "./gathering";
import { Serving, servingJob } from "./serving";
import { SmokeTest } from "./smoke-test";
import { jobsOf, type StepArgs } from "./step";
import { Training } from "./training";

export interface PipelineArgs {
  readonly settings: ClusterSettings;
  readonly fleet: Fleet;
  readonly cluster: Cluster;
  /** sha256 of the data set on the operator's side, if there is one. */
  readonly dataDigest?: string;
  readonly secret: (name: string) => pulumi.Output<string>;
}

/** Weights to Megatron's format, training, gathering, back, serving, a chat request. Each step only if the file has it. */
export class Pipeline extends pulumi.ComponentResource {
  /** The run's folder name; absent without training. */
  readonly run?: string;
  readonly serving?: Serving;
  /** What the model said. */
  readonly reply?: pulumi.Output<string>;
  /** Status of each step, in order. */
  readonly steps: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(args: PipelineArgs, options: pulumi.ComponentResourceOptions = {}) {
    const { cluster } = args;
    const name = `${args.settings.name}-pipeline`;
    super("muster:index:Pipeline", name, {}, { ...options, provider: args.fleet.provider });
    const parent = { parent: this };
    const data = dataFiles(name, args.settings, args.fleet, this);
    const trained = args.settings.pipeline?.train ? runIdentity(args.settings, args.dataDigest) : undefined;
    const settings = trained ? placedRun(args.settings, trained.run) : args.settings;
    const { pipeline } = settings;
    const on = (step: "convert" | "export" | "serve") => cluster.readyOn([singleNode(settings, step)]);
    const mayStop = pipeline?.serve?.stopForTraining ? [servingJob] : [];
    const common = { settings, network: args.fleet.network, proxy: cluster.proxy, mayStop };

    const convert =
      pipeline?.convert &&
      new Conversion(`${name}-convert`, { ...common, to: "mcore", upstream: [], needs: on("convert") }, parent);
    const distribute = convert && this.distribute(`${name}-distribute`, common, convert, cluster);
    const train =
      trained &&
      new Training(
        `${name}-train`,
        {
          ...common,
          identity: trained.identity,
          upstream: [distribute ?? convert],
          needs: [...cluster.readyOn(pipeline?.train?.nodes ?? []), ...data],
          secret: args.secret,
        },
        parent,
      );
    const gather =
      train && pipeline?.gather && new Gathering(`${name}-gather`, { ...common, upstream: [train] }, parent);
    const back =
      pipeline?.export &&
      new Conversion(`${name}-export`, { ...common, to: "hf", upstream: [train, gather], needs: on("export") }, parent);
    const deliver = back && this.deliver(`${name}-deliver`, common, back, cluster);
    const serve =
      pipeline?.serve &&
      new Serving(
        `${name}-serve`,
        {
          ...common,
          upstream: [deliver ?? back ?? train],
          needs: on("serve"),
          containerStarted: node => cluster.nodes.get(node)?.container.startedAt ?? "",
          mayBeStoppedBy: jobsOf([convert, train, back]),
          ...(pipeline.serve.apiKey && { apiKey: args.secret(pipeline.serve.apiKey.secret) }),
        },
        parent,
      );
    const smoke = serve && pipeline?.smoke && new SmokeTest(`${name}-smoke`, { ...common, serving: serve }, parent);

    if (trained) this.run = trained.run;
    if (serve) this.serving = serve;
    if (smoke) this.reply = smoke.reply;
    const steps = { convert, distribute, train, gather, export: back, deliver, serve, smoke };
    this.steps = Object.fromEntries(
      Object.entries(steps).flatMap(([step, component]) => (component ? [[step, component.job.status]] : [])),
    );
    this.registerOutputs({ steps: this.steps });
  }

  /** What convert has made, for the training nodes that it did not run on. */
  private distribute(name: string, common: StepArgs, convert: Conversion, cluster: Cluster): Distribution | undefined {
    const { pipeline } = common.settings;
    if (!pipeline?.convert || !pipeline.train) return undefined;
    const from = singleNode(common.settings, "convert");
    const to = pipeline.train.nodes.filter(node => node !== from);
    const folder = pipeline.convert.output;
    // Other weights than convert's are the operator's own affair, on every node.
    if (to.length === 0 || startWeights(common.settings, pipeline.train)?.path !== folder) return undefined;
    return new Distribution(
      name,
      { ...common, step: "distribute", folder, from, to, upstream: [convert], needs: cluster.readyOn([from, ...to]) },
      { parent: this },
    );
  }

  /** What export has made, for the server's node, if that is another one. */
  private deliver(name: string, common: StepArgs, back: Conversion, cluster: Cluster): Distribution | undefined {
    const { pipeline } = common.settings;
    if (!pipeline?.export || !pipeline.serve) return undefined;
    const from = singleNode(common.settings, "export");
    const to = [singleNode(common.settings, "serve")].filter(node => node !== from);
    const folder = pipeline.export.output;
    if (to.length === 0 || servedModel(common.settings) !== folder) return undefined;
    const needs = cluster.readyOn([from, ...to]);
    return new Distribution(
      name,
      { ...common, step: "deliver", folder, from, to, upstream: [back], needs },
      { parent: this },
    );
  }
}
