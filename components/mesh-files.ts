import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../config/schema";
import { renderAuthorizedKeys } from "../plan/authorized-keys";
import { renderDeepspeedEnv } from "../plan/environment";
import { renderHostfile } from "../plan/hostfile";
import { renderKnownHosts } from "../plan/known-hosts";
import type { NetworkPlan } from "../plan/network";
import { renderSshConfig } from "../plan/ssh-config";
import { launcherEnvironment } from "../recipes/ms-swift/train";

/** A text file on a host. */
export interface NodeFile {
  readonly path: string;
  readonly content: pulumi.Input<string>;
  readonly mode: string;
}

export interface MeshFilesArgs {
  readonly settings: Cluster;
  readonly network: pulumi.Output<NetworkPlan>;
  readonly mesh: { readonly publicKey: pulumi.Input<string>; readonly privateKey: pulumi.Input<string> };
  /** Of all nodes, in the order of the hosts. */
  readonly hostPublicKeys: pulumi.Output<string[]>;
  /** Paths on the host. */
  readonly places: {
    readonly key: string;
    readonly authorizedKeys: string;
    readonly knownHosts: string;
    readonly config: string;
    /** Folder of the hostfile. */
    readonly workspace: string;
  };
  /** Persons' keys that open the node, beside the mesh's own. */
  readonly authorizedKeys: readonly string[];
  /** What ssh reads beside its configuration, if not the files of the home folder. */
  readonly clientFiles?: { readonly key: string; readonly knownHosts: string };
  /** The node's own variables. */
  readonly variables: pulumi.Output<Record<string, string>>;
}

/** What a node has so that the nodes reach each other and launchers find them, in a container and without one. */
export function meshFiles(args: MeshFilesArgs): Record<string, NodeFile> {
  const { settings, network, mesh, places } = args;
  const { sshPort } = settings.container;
  const nodes = network.apply(plan => plan.nodes.map(({ node, address }) => ({ name: node, address, port: sshPort })));
  const names = settings.hosts.map(host => host.name);
  const secret = (path: string, content: pulumi.Input<string>): NodeFile => ({ path, content, mode: "0600" });
  const open = (file: string, content: pulumi.Input<string>): NodeFile => ({
    path: `${places.workspace}/${file}`,
    content,
    mode: "0644",
  });
  const addresses = nodes.apply(all => all.map(node => node.address));
  return {
    "mesh-key": secret(places.key, mesh.privateKey),
    "authorized-keys": secret(
      places.authorizedKeys,
      pulumi
        .all([mesh.publicKey, addresses])
        .apply(([key, all]) => renderAuthorizedKeys(key, all, args.authorizedKeys)),
    ),
    "known-hosts": secret(
      places.knownHosts,
      pulumi
        .all([args.hostPublicKeys, nodes])
        .apply(([keys, all]) => renderKnownHosts(all.map((node, at) => ({ ...node, publicKey: keys[at] ?? "" })))),
    ),
    "ssh-config": secret(
      places.config,
      nodes.apply(all => renderSshConfig(all, args.clientFiles)),
    ),
    hostfile: open("hostfile", renderHostfile(names, settings.slots)),
    "deepspeed-env": open(
      ".deepspeed_env",
      args.variables.apply(own => renderDeepspeedEnv({ ...own, ...launcherEnvironment(settings) })),
    ),
  };
}
