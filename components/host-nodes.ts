import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../config/schema";
import { nodeEnvironment } from "../plan/environment";
import { meshProbe, meshSshdCommand, renderMeshSsh } from "../plan/mesh-ssh";
import { renderSshdConfig } from "../plan/sshd-config";
import { File } from "../provider/muster/sdk/file.gen";
import { Installation } from "../provider/muster/sdk/installation.gen";
import { Job } from "../provider/muster/sdk/job.gen";
import { hostSteps } from "../recipes/environment/host-steps";
import { lockOf, removeEnvironment } from "../recipes/environment/new-environment";
import type { Fleet } from "./fleet";
import { hostMesh } from "./host-mesh";
import { meshFiles, type NodeFile } from "./mesh-files";
import { nodeFolders } from "./node-folders";
import { nodeTools, workFolders } from "./node-ground";
import { secretEnv } from "./step";

export interface HostNodesArgs {
  readonly settings: Cluster;
  readonly fleet: Fleet;
  readonly mesh: { readonly publicKey: pulumi.Input<string>; readonly privateKey: pulumi.Input<string> };
  /** In the order of the hosts. */
  readonly hostKeys: readonly {
    readonly publicKey: pulumi.Output<string>;
    readonly privateKey: pulumi.Output<string>;
  }[];
  readonly proxy?: pulumi.Output<Record<string, string>> | undefined;
}

/**
 * Nodes without containers: a Python environment on each host, and a mesh among the hosts with keys, port and sshd of its own. It ends
 * with the cluster, and nothing of the hosts' own ssh is touched.
 */
export class HostNodes extends pulumi.ComponentResource {
  private readonly ready = new Map<string, pulumi.Resource[]>();

  constructor(
    cluster: string,
    private readonly args: HostNodesArgs,
    options: pulumi.ComponentResourceOptions,
  ) {
    super("muster:index:HostNodes", `${cluster}-host-nodes`, {}, options);
    args.settings.hosts.forEach((host, index) => {
      this.ready.set(host.name, this.node(`${cluster}-${host.name}`, host.name, index));
    });
    this.registerOutputs();
  }

  /** What must be done on a node before a job may run there. */
  on(node: string): pulumi.Resource[] {
    return this.ready.get(node) ?? [];
  }

  private node(name: string, host: string, index: number): pulumi.Resource[] {
    const { settings, fleet } = this.args;
    const within = { parent: this, dependsOn: [fleet.on(host)] };
    const files = Object.entries(this.texts(host, index)).map(
      ([noun, { path: place, content, mode }]) =>
        new File(`${name}-${noun}`, { host, path: place, content, mode }, within),
    );
    const directories = workFolders(name, host, settings, within);
    const tools = nodeTools(name, host, settings, within);
    const environment = this.environment(name, host, tools);
    const sshd = settings.hosts.length > 1 ? [this.sshd(name, host, index, files)] : [];
    return [...files, ...directories, environment, ...sshd];
  }

  private environment(name: string, host: string, tools: readonly pulumi.Resource[]): Installation {
    const { settings, fleet, proxy } = this.args;
    const folder = settings.python.environment?.path ?? "";
    return new Installation(
      `${name}-python`,
      {
        host,
        name: "python",
        steps: hostSteps(settings, nodeFolders(settings).tools.host),
        lock: lockOf(folder),
        remove: removeEnvironment(folder),
        ...secretEnv(proxy),
      },
      { parent: this, dependsOn: [fleet.on(host), ...tools] },
    );
  }

  /** Not a service of the system: it belongs to the cluster, and is looked after as the jobs are. */
  private sshd(name: string, host: string, index: number, files: readonly File[]): Job {
    const { settings, fleet, hostKeys } = this.args;
    const { sshPort } = settings.container;
    const config = this.texts(host, index)["sshd-config"]?.content ?? "";
    const address = fleet.network.apply(plan => plan.nodes.find(entry => entry.node === host)?.address ?? "");
    return new Job(
      `${name}-mesh-sshd`,
      {
        name: `mesh-${host}`,
        ranks: [{ host, argv: meshSshdCommand(hostMesh(settings).sshdConfig), env: {} }],
        // Other texts need another start.
        identity: pulumi.all([config, hostKeys[index]?.publicKey ?? ""]).apply(texts => ({ files: digest(texts) })),
        mode: "ready",
        probe: address.apply(at => ({ host, script: meshProbe(at, sshPort), timeoutSeconds: 30 })),
        waitSeconds: 60,
      },
      { parent: this, dependsOn: [fleet.on(host), ...files] },
    );
  }

  private texts(host: string, index: number): Record<string, NodeFile> {
    const { settings, fleet, mesh, hostKeys } = this.args;
    const places = hostMesh(settings);
    const { sshPort, env } = settings.container;
    const sshd = {
      hostKey: places.hostKey,
      authorizedKeys: places.authorizedKeys,
      pidFile: `/run/sshd.muster-${settings.name}.pid`,
      usePam: true,
    };
    const secret = (place: string, content: pulumi.Input<string>) => ({ path: place, content, mode: "0600" });
    return {
      "sshd-config": secret(
        places.sshdConfig,
        fleet.network.apply(plan => {
          const listenAddress = plan.nodes.find(entry => entry.node === host)?.address ?? "";
          return renderSshdConfig({ port: sshPort, listenAddress, allowPassword: false, places: sshd });
        }),
      ),
      "host-key": secret(places.hostKey, hostKeys[index]?.privateKey ?? ""),
      "mesh-ssh": { path: `${places.bin}/ssh`, content: renderMeshSsh(places.config), mode: "0755" },
      ...meshFiles({
        settings,
        network: fleet.network,
        mesh,
        hostPublicKeys: pulumi.all(hostKeys.map(key => key.publicKey)),
        places: { ...places, workspace: nodeFolders(settings).workspace.host },
        // No person's key: a session here is root on the host.
        authorizedKeys: [],
        clientFiles: places,
        variables: fleet.network.apply(plan =>
          nodeEnvironment(plan.nodes.find(entry => entry.node === host)?.env ?? {}, env),
        ),
      }),
    };
  }
}

function digest(texts: readonly string[]): string {
  return createHash("sha256").update(texts.join("\0")).digest("hex").slice(0, 12);
}
