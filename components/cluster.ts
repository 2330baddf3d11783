import * as pulumi from "@pulumi/pulumi";
import type { Cluster as ClusterSettings } from "../config/schema";
import type { KnownHost } from "../plan/known-facts";
import type { NetworkPlan } from "../plan/network";
import type { ProxySettings } from "../plan/proxy";
import { Host } from "../provider/muster/sdk/host.gen";
import { KeyPair } from "../provider/muster/sdk/key-pair.gen";
import { Provider, type ProviderArgs } from "../provider/muster/sdk/provider.gen";
import { renderPipConfig } from "../recipes/python-env";
import { fitHosts } from "./fit-hosts";
import { GpuNode } from "./gpu-node";
import { nodeFiles, sshdDigest } from "./node-files";
import { NodeImage } from "./node-image";
import type { OperatorSide } from "./operator-side";
import { ownSteps } from "./own-steps";
import { PythonEnvironment } from "./python-environment";

export interface ClusterArgs extends OperatorSide {
  readonly settings: ClusterSettings;
  /** A secret of the stack's configuration, by its name. */
  readonly secret: (name: string) => pulumi.Output<string>;
}

/** All hosts of a cluster file as one training cluster: an ssh mesh of node containers, with the network planned. */
export class Cluster extends pulumi.ComponentResource {
  readonly provider: Provider;
  /** Interface, address and NCCL variables of each node. Resolves only if all hosts are fit. */
  readonly network: pulumi.Output<NetworkPlan>;
  readonly nodes: ReadonlyMap<string, GpuNode>;
  /** Everything that must be done before the pipeline may start. */
  readonly ready: pulumi.Resource[];

  constructor(args: ClusterArgs, options: pulumi.ComponentResourceOptions = {}) {
    const { settings, secret } = args;
    const { name } = settings;
    super("muster:index:Cluster", name, {}, options);
    this.provider = new Provider(
      `${name}-provider`,
      {
        cluster: name,
        hosts: args.hostTable.map(host => ({ ...host, hostKeys: [...host.hostKeys] })) as ProviderArgs["hosts"],
        auditLog: ".muster/audit.log",
      },
      { parent: this },
    );
    const within = { parent: this, provider: this.provider };

    const addresses = settings.hosts.map(host => host.address);
    const hosts = settings.hosts.map(
      host =>
        new Host(
          `${name}-${host.name}-host`,
          { host: host.name, peers: addresses.filter(address => address !== host.address) },
          within,
        ),
    );
    this.network = pulumi
      .all(hosts.map((host, index) => knownHost(settings.hosts[index], host)))
      .apply(known => fitHosts(settings, known));

    const mesh = new KeyPair(`${name}-mesh-key`, { comment: `muster ${name} mesh` }, within);
    const hostKeys = settings.hosts.map(
      host => new KeyPair(`${name}-${host.name}-host-key`, { comment: `muster ${name} ${host.name}` }, within),
    );
    // An output of the fitness check, so that no host is changed before all of them were asked.
    const fit = (host: string) => this.network.apply(() => host);
    const image = new NodeImage(name, { settings, fit }, within);

    const proxy = settings.proxy && proxySettings(settings.proxy, secret);
    const pip = renderPipConfig(settings.python);

    const nodes = settings.hosts.map((host, index) => {
      const files = nodeFiles(host.name, {
        settings,
        network: this.network,
        mesh,
        hostPrivateKey: hostKeys[index]?.privateKey ?? "",
        hostPublicKeys: pulumi.all(hostKeys.map(key => key.publicKey)),
        ...(proxy && { proxy }),
        ...(pip !== undefined && { pipConfig: pip }),
      });
      const node = new GpuNode(
        `${name}-${host.name}`,
        {
          settings,
          host: fit(host.name),
          image: image.on(host.name),
          files,
          sshdDigest: sshdDigest(files),
          rdma: this.network.apply(plan => plan.rdma.enabled),
        },
        within,
      );
      return [host.name, node] as const;
    });
    this.nodes = new Map(nodes);
    const python = new PythonEnvironment(name, { settings, nodes: this.nodes }, within);
    const steps = ownSteps(settings, args, this.nodes, { parent: this, dependsOn: python.jobs });
    this.ready = [...nodes.map(([, node]) => node.container), ...python.jobs, ...steps];
    this.registerOutputs({ network: this.network });
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

function knownHost(place: ClusterSettings["hosts"][number] | undefined, host: Host): pulumi.Output<KnownHost> {
  return pulumi
    .all([host.facts, host.access])
    .apply(([facts, access]) => ({ node: place?.name ?? "", address: place?.address ?? "", facts, access }));
}
