import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../config/schema";
import { Job } from "../provider/muster/sdk/job.gen";
import { renderPythonInstall } from "../recipes/python-env";
import type { GpuNode } from "./gpu-node";
import { secretEnv } from "./step";

export interface PythonEnvironmentArgs {
  readonly settings: Cluster;
  readonly nodes: ReadonlyMap<string, GpuNode>;
  readonly proxy?: pulumi.Output<Record<string, string>> | undefined;
}

/** Packages that the cluster file adds to the image's Python, on every node; again when the container is new. */
export class PythonEnvironment extends pulumi.ComponentResource {
  private readonly jobs: ReadonlyMap<string, Job>;

  constructor(cluster: string, args: PythonEnvironmentArgs, options: pulumi.ComponentResourceOptions) {
    super("muster:index:PythonEnvironment", `${cluster}-python`, {}, options);
    const { settings, nodes } = args;
    const install = renderPythonInstall(settings);
    this.jobs = new Map(
      install === undefined
        ? []
        : [...nodes].map(([host, node]) => [
            host,
            new Job(
              `${cluster}-${host}-python-job`,
              {
                name: `python-${host}`,
                ranks: [{ host, container: settings.container.name, argv: ["sh", "-c", install], env: {} }],
                identity: { container: node.container.incarnation },
                ...secretEnv(args.proxy),
                mode: "completed",
                waitSeconds: 3600,
              },
              { parent: this, dependsOn: [node.container] },
            ),
          ]),
    );
    this.registerOutputs();
  }

  /** The installation on a node; none if the cluster file adds nothing. */
  on(node: string): Job[] {
    const job = this.jobs.get(node);
    return job ? [job] : [];
  }
}
