import * as pulumi from "@pulumi/pulumi";
import type { Cluster as ClusterSettings } from "../config/schema";
import { type ProxySettings, proxyEnvironment } from "../plan/proxy";
import { KeyPair } from "../provider/muster/sdk/key-pair.gen";
import { renderPipConfig } from "../recipes/environment/pip-config";
import type { Fleet } from "./fleet";
import { GpuNode } from "./gpu-node";
import { HostNodes } from "./host-nodes";
import { nodeFiles, sshdDigest, startDigest } from "./node-files";
import { NodeImage } from "./node-image";
import type { OperatorSide } from "./operator-side";
import { ownSteps } from "./own-steps";
import { PythonEnvironment } from "./python-environment";
import { stepConnections } from "./step-connection";

export interface ClusterArgs extends OperatorSide {
  readonly settings: ClusterSettings;
  /** Hosts that were asked and are fit. */
  readonly fleet: Fleet;
  /** A secret of the stack's configuration, by its name. */
  readonly secret: (name: string) => pulumi.Output<string>;
}

/** All hosts of a cluster file as one training cluster: an ssh mesh of node containers, with the network planned. */
export class Cluster extends pulumi.ComponentResource {
  private readonly ready: ReadonlyMap<string, readonly pulumi.Resource[]>;
  /** The nodes by the names of their hosts; none where jobs run on the hosts themselves. */
  readonly nodes: ReadonlyMap<string, GpuNode>;
  /** Variables of the proxy for jobs; absent without a proxy. */
  readonly proxy?: pulumi.Output<Record<string, string>>;

  constructor(args: ClusterArgs, options: pulumi.ComponentResourceOptions = {}) {
    const { settings, fleet, secret } = args;
    const { name } = settings;
    super("muster:index:Cluster", name, {}, { ...options, provider: fleet.provider });
    const within = { parent: this };
    // Before anything is declared: it may find that steps cannot run.
    const ways = stepConnections(settings, args);

    const mesh = new KeyPair(`${name}-mesh-key`, { comment: `muster ${name} mesh` }, within);
    const hostKeys = settings.hosts.map(
      host => new KeyPair(`${name}-${host.name}-host-key`, { comment: `muster ${name} ${host.name}` }, within),
    );
    const proxy = settings.proxy && proxySettings(settings.proxy, secret);
    if (proxy) {
      const places = fleet.network.apply(plan => plan.nodes.map(({ node, address }) => ({ name: node, address })));
      this.proxy = pulumi.all([proxy, places]).apply(([found, all]) => proxyEnvironment(found, all));
    }
    if (settings.runtime === "host") {
      const nodes = new HostNodes(name, { settings, fleet, mesh, hostKeys, proxy: this.proxy }, within);
      this.nodes = new Map();
      this.ready = new Map(
        settings.hosts.map(host => {
          const installed = nodes.on(host.name);
          const steps = ownSteps(settings, ways, host.name, undefined, { parent: this, dependsOn: installed });
          return [host.name, [...installed, ...steps]];
        }),
      );
      this.registerOutputs();
      return;
    }
    const image = new NodeImage(name, { settings, fleet, secret }, within);
    const { rootPassword } = settings.access;
    const pipConfig = renderPipConfig(settings.python);

    const nodes = settings.hosts.map((host, index) => {
      const files = nodeFiles(host.name, {
        settings,
        network: fleet.network,
        mesh,
        hostPrivateKey: hostKeys[index]?.privateKey ?? "",
        hostPublicKeys: pulumi.all(hostKeys.map(key => key.publicKey)),
        ...(proxy && { proxy }),
        ...(pipConfig !== undefined && { pipConfig }),
        ...(rootPassword && { rootPassword: secret(rootPassword.secret) }),
      });
      const node = new GpuNode(
        `${name}-${host.name}`,
        {
          settings,
          host: host.name,
          image: image.on(host.name),
          files,
          sshdDigest: sshdDigest(files),
          startDigest: startDigest(files),
          rdma: fleet.network.apply(plan => plan.nodes.some(each => each.node === host.name && each.passesRdma)),
          reachable: fleet.on(host.name),
        },
        within,
      );
      return [host.name, node] as const;
    });
    this.nodes = new Map(nodes);
    const python = new PythonEnvironment(name, { settings, nodes: this.nodes, proxy: this.proxy }, within);
    this.ready = new Map(
      nodes.map(([name, node]) => {
        const installed = python.on(name);
        const steps = ownSteps(settings, ways, name, node, { parent: this, dependsOn: installed });
        return [name, [node.container, ...installed, ...steps]];
      }),
    );
    this.registerOutputs();
  }

  /** Everything that must be done on these nodes before a step of the pipeline may run there. */
  readyOn(nodes: readonly string[]): pulumi.Resource[] {
    return [...new Set(nodes)].flatMap(node => this.ready.get(node) ?? []);
  }
}

function proxySettings(
  proxy: NonNullable<ClusterSettings["proxy"]>,
  secret: ClusterArgs["secret"],
): pulumi.Output<ProxySettings> {
  const { url, noProxy, testUrl } = proxy;
  const address = typeof url === "string" ? pulumi.output(url) : secret(url.secret);
  return address.apply(text => ({ url: text, noProxy, testUrl }));
}
