import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../config/schema";
import { nodeEnvironment, renderProfile, renderSshEnvironment } from "../plan/environment";
import { renderHealthScript } from "../plan/health-script";
import type { NetworkPlan } from "../plan/network";
import { type ProxySettings, renderProxyFunctions } from "../plan/proxy";
import { renderSshdConfig } from "../plan/sshd-config";
import { renderSshdScript } from "../plan/sshd-script";
import { renderStartScript } from "../plan/start-script";
import { meshFiles, type NodeFile } from "./mesh-files";
import { nodeFolders } from "./node-folders";

export interface NodeFilesArgs {
  readonly settings: Cluster;
  readonly network: pulumi.Output<NetworkPlan>;
  readonly mesh: { readonly publicKey: pulumi.Input<string>; readonly privateKey: pulumi.Input<string> };
  /** The node's own host key of the sshd inside. */
  readonly hostPrivateKey: pulumi.Input<string>;
  /** Public host keys of all nodes, in the order of the hosts. */
  readonly hostPublicKeys: pulumi.Output<string[]>;
  /** Absent without a proxy. The URL may hold a password. */
  readonly proxy?: pulumi.Output<ProxySettings>;
  /** Declared in the cluster file (`access.rootPassword`); absent: nobody logs in with a password. */
  readonly rootPassword?: pulumi.Output<string>;
  /** Text of pip's configuration file; absent when nothing is set. */
  readonly pipConfig?: string;
}

/** All text files of one node. A new host, key or interface changes them in place. */
export function nodeFiles(node: string, args: NodeFilesArgs): Record<string, NodeFile> {
  const { settings, network } = args;
  const { sshPort, env } = settings.container;
  const folders = nodeFolders(settings);
  const mesh = network.apply(plan => plan.nodes.map(({ node: name, address }) => ({ name, address, port: sshPort })));
  const variables = network.apply(plan => {
    const own = plan.nodes.find(entry => entry.node === node);
    return nodeEnvironment(own?.env ?? {}, env);
  });
  const inNode = (file: string, content: pulumi.Input<string>, mode: string) => ({
    path: `${folders.node.host}/${file}`,
    content,
    mode,
  });
  const { proxy } = args;
  return {
    "sshd-config": inNode("sshd_config", sshdConfig(node, args), "0600"),
    "start-script": inNode("start.sh", renderStartScript(), "0755"),
    "sshd-script": inNode("sshd.sh", renderSshdScript(), "0755"),
    "health-script": inNode("health.sh", renderHealthScript(), "0755"),
    "host-key": inNode("ssh_host_ed25519_key", args.hostPrivateKey, "0600"),
    profile: inNode("profile.sh", variables.apply(renderProfile), "0644"),
    ...(proxy && {
      proxy: inNode(
        "proxy.sh",
        pulumi.all([proxy, mesh]).apply(([url, nodes]) => renderProxyFunctions(url, nodes)),
        "0600",
      ),
    }),
    ...(args.rootPassword && {
      "root-password": inNode(
        "root.password",
        args.rootPassword.apply(password => `root:${password}\n`),
        "0600",
      ),
    }),
    ...(args.pipConfig !== undefined && { "pip-config": inNode("pip.conf", args.pipConfig, "0644") }),
    "ssh-environment": {
      path: `${folders.ssh.host}/environment`,
      content: variables.apply(renderSshEnvironment),
      mode: "0600",
    },
    ...meshFiles({
      ...args,
      variables,
      authorizedKeys: settings.access.authorizedKeys,
      places: {
        key: `${folders.ssh.host}/id_ed25519`,
        authorizedKeys: `${folders.ssh.host}/authorized_keys`,
        knownHosts: `${folders.ssh.host}/known_hosts`,
        config: `${folders.ssh.host}/config`,
        workspace: folders.workspace.host,
      },
    }),
  };
}

function sshdConfig(node: string, { settings, network }: NodeFilesArgs): pulumi.Output<string> {
  return network.apply(plan =>
    renderSshdConfig({
      port: settings.container.sshPort,
      listenAddress: plan.nodes.find(entry => entry.node === node)?.address ?? "",
      allowPassword: settings.access.rootPassword !== undefined,
    }),
  );
}

/** What sshd reads only when it starts: another value starts it anew, and nothing else. */
export function sshdDigest(files: Readonly<Record<string, NodeFile>>): pulumi.Output<string> {
  return digestOf(files, ["sshd-config", "sshd-script", "host-key", "root-password"]);
}

/** What the container's own process reads only when it starts: another value needs another container. */
export function startDigest(files: Readonly<Record<string, NodeFile>>): pulumi.Output<string> {
  return digestOf(files, ["start-script"]);
}

function digestOf(files: Readonly<Record<string, NodeFile>>, nouns: readonly string[]): pulumi.Output<string> {
  const texts = nouns.map(noun => files[noun]?.content ?? "");
  const digest = pulumi.all(texts).apply(all => createHash("sha256").update(all.join("\0")).digest("hex").slice(0, 12));
  // A digest of the host key tells nothing about it, and as a secret it would hide what it stands beside.
  return pulumi.unsecret(digest);
}
