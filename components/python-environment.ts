import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../config/schema";
import { Installation } from "../provider/muster/sdk/installation.gen";
import { inImageSteps } from "../recipes/environment/in-image";
import type { GpuNode } from "./gpu-node";
import { secretEnv } from "./step";

export interface PythonEnvironmentArgs {
  readonly settings: Cluster;
  readonly nodes: ReadonlyMap<string, GpuNode>;
  readonly proxy?: pulumi.Output<Record<string, string>> | undefined;
}

/** What the cluster file adds to the image's Python, on every node; looked at each time, and again when the container is new. */
export class PythonEnvironment extends pulumi.ComponentResource {
  private readonly installations: ReadonlyMap<string, Installation>;

  constructor(cluster: string, args: PythonEnvironmentArgs, options: pulumi.ComponentResourceOptions) {
    super("muster:index:PythonEnvironment", `${cluster}-python`, {}, options);
    const { settings, nodes } = args;
    const steps = inImageSteps(settings);
    this.installations = new Map(
      steps.length === 0
        ? []
        : [...nodes].map(([host, node]) => [
            host,
            new Installation(
              `${cluster}-${host}-python`,
              {
                host,
                container: settings.container.name,
                name: "python",
                steps,
                lock: "/var/lib/muster/python/lock",
                trigger: { container: node.container.incarnation },
                ...secretEnv(args.proxy),
              },
              { parent: this, dependsOn: [node.container] },
            ),
          ]),
    );
    this.registerOutputs();
  }

  /** The installation on a node; none if the cluster file adds nothing. */
  on(node: string): pulumi.Resource[] {
    const installation = this.installations.get(node);
    return installation ? [installation] : [];
  }
}
