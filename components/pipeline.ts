import * as pulumi from "@pulumi/pulumi";
import type { Cluster as ClusterSettings } from "../config/schema";
import { startWeights } from "../recipes/ms-swift/start";
import { servingNodes, singleNode, weightsOf } from "../recipes/placement";
import { placedRun, runIdentity } from "../recipes/run-identity";
import type { Cluster } from "./cluster";
import { Conversion } from "./conversion";
import { dataFiles } from "./data-sets";
import { Distribution } from "./distribution";
import type { Fabric } from "./fabric";
import type { Fleet } from "./fleet";
import { Gathering } from "./gathering";
import { Inference } from "./inference";
import { Serving, type ServingArgs, servingJobs } from "./serving";
import { SmokeTest } from "./smoke-test";
import { jobsOf, type StepArgs } from "./step";
import { Training } from "./training";

export interface PipelineArgs {
  readonly settings: ClusterSettings;
  readonly fleet: Fleet;
  readonly cluster: Cluster;
  /** Proven before the first job. */
  readonly fabric: Fabric;
  /** sha256 of the data set on the operator's side, if there is one. */
  readonly dataDigest?: string;
  readonly secret: (name: string) => pulumi.Output<string>;
}

/** Weights to Megatron's format, training, gathering, back, a file of answers, serving, chat requests. Each step only if the file has it. */
export class Pipeline extends pulumi.ComponentResource {
  /** The run's folder name; absent without training. */
  readonly run?: string;
  readonly serving?: Serving;
  readonly smoke?: SmokeTest;
  /** Status of each step, in order. */
  readonly steps: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(args: PipelineArgs, options: pulumi.ComponentResourceOptions = {}) {
    const { cluster, fabric } = args;
    const name = `${args.settings.name}-pipeline`;
    super("muster:index:Pipeline", name, {}, { ...options, provider: args.fleet.provider });
    const parent = { parent: this };
    const data = dataFiles(name, args.settings, args.fleet, this);
    const trained = args.settings.pipeline?.train ? runIdentity(args.settings, args.dataDigest) : undefined;
    const settings = trained ? placedRun(args.settings, trained.run) : args.settings;
    const { pipeline } = settings;
    const on = (step: "convert" | "export" | "infer") => fabric.readyOn([singleNode(settings, step)]);
    const mayStop = pipeline?.serve?.stopForTraining ? servingJobs(settings) : [];
    const common = { settings, network: args.fleet.network, proxy: cluster.proxy, mayStop };

    const convert =
      pipeline?.convert &&
      new Conversion(`${name}-convert`, { ...common, to: "mcore", upstream: [], needs: on("convert") }, parent);
    const distribute = convert && this.distribute(`${name}-distribute`, common, convert, fabric);
    const train =
      trained &&
      new Training(
        `${name}-train`,
        {
          ...common,
          identity: trained.identity,
          upstream: [distribute ?? convert],
          needs: [...fabric.readyOn(pipeline?.train?.nodes ?? []), ...data],
          secret: args.secret,
        },
        parent,
      );
    const gather =
      train && pipeline?.gather && new Gathering(`${name}-gather`, { ...common, upstream: [train] }, parent);
    const back =
      pipeline?.export &&
      new Conversion(`${name}-export`, { ...common, to: "hf", upstream: [train, gather], needs: on("export") }, parent);
    const deliver = back && this.deliver(`${name}-deliver`, common, back, fabric);
    const infer =
      pipeline?.infer &&
      new Inference(`${name}-infer`, { ...common, upstream: [deliver ?? back ?? train], needs: on("infer") }, parent);
    const serve = this.serve(`${name}-serve`, common, args, {
      upstream: [deliver ?? back ?? train],
      behind: [infer],
      ...(back && { weightBytes: back.bytes }),
      mayBeStoppedBy: [...(mayStop.length > 0 ? fabric.gates : []), ...jobsOf([convert, train, back, infer])],
    });
    const smoke = serve && pipeline?.smoke && new SmokeTest(`${name}-smoke`, { ...common, serving: serve }, parent);

    if (trained) this.run = trained.run;
    if (serve) this.serving = serve;
    if (smoke) this.smoke = smoke;
    const steps = { convert, distribute, train, gather, export: back, deliver, infer, serve, smoke };
    this.steps = Object.fromEntries(
      Object.entries(steps).flatMap(([step, component]) => (component ? [[step, component.job.status]] : [])),
    );
    this.registerOutputs({ steps: this.steps });
  }

  /** The servers, if the file has any. */
  private serve(
    name: string,
    common: StepArgs,
    { cluster, fabric, secret }: PipelineArgs,
    place: Pick<ServingArgs, "upstream" | "behind" | "weightBytes" | "mayBeStoppedBy">,
  ): Serving | undefined {
    const settings = common.settings.pipeline?.serve;
    if (!settings) return undefined;
    return new Serving(
      name,
      {
        ...common,
        ...place,
        needs: fabric.readyOn(servingNodes(common.settings)),
        containerStarted: node => cluster.nodes.get(node)?.container.startedAt ?? "",
        ...(settings.apiKey && { apiKey: secret(settings.apiKey.secret) }),
      },
      { parent: this },
    );
  }

  /** What convert has made, for the training nodes that it did not run on. */
  private distribute(name: string, common: StepArgs, convert: Conversion, fabric: Fabric): Distribution | undefined {
    const { pipeline } = common.settings;
    if (!pipeline?.convert || !pipeline.train) return undefined;
    const from = singleNode(common.settings, "convert");
    const to = pipeline.train.nodes.filter(node => node !== from);
    const folder = pipeline.convert.output;
    // Other weights than convert's are the operator's own affair, on every node.
    if (to.length === 0 || startWeights(common.settings, pipeline.train)?.path !== folder) return undefined;
    return new Distribution(
      name,
      { ...common, step: "distribute", folder, from, to, upstream: [convert], needs: fabric.readyOn([from, ...to]) },
      { parent: this },
    );
  }

  /** What export has made, for the other nodes that serve it or answer with it. */
  private deliver(name: string, common: StepArgs, back: Conversion, fabric: Fabric): Distribution | undefined {
    const { pipeline } = common.settings;
    if (!pipeline?.export) return undefined;
    const from = singleNode(common.settings, "export");
    const folder = pipeline.export.output;
    const reads = (part: "serve" | "infer") => pipeline[part] && weightsOf(common.settings, part) === folder;
    const readers = [
      ...(reads("serve") ? servingNodes(common.settings) : []),
      ...(reads("infer") ? [singleNode(common.settings, "infer")] : []),
    ];
    const to = [...new Set(readers)].filter(node => node !== from);
    if (to.length === 0) return undefined;
    const needs = fabric.readyOn([from, ...to]);
    return new Distribution(
      name,
      { ...common, step: "deliver", folder, from, to, upstream: [back], needs },
      { parent: this },
    );
  }
}
