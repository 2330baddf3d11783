import { z } from "zod";
import type { Problem } from "./problem";
import { host, ssh } from "./schema/hosts";
import { access, container, image, network, proxy, python, step } from "./schema/node";
import { pipeline } from "./schema/pipeline";
import { isDistinct, localPath, nodeName, type SecretRef } from "./schema/values";

const accepted = z.strictObject({
  finding: z.string().min(1).describe("Code of the finding, as `muster doctor` prints it."),
  host: nodeName.optional().describe("Default: on every host."),
  reason: z.string().min(1).describe("Why it is accepted. Shown beside the finding."),
});

/** The cluster file, one per environment. */
export const clusterFile = z
  .strictObject({
    cluster: nodeName.describe("Name of the cluster. Part of names, labels and paths on the hosts."),
    inventory: localPath.optional().describe("A file with hosts, ssh, knownHosts; instead of hosts here."),
    hosts: z
      .array(host)
      .min(1)
      .optional()
      .describe("The hosts. Order matters: the first is the default for single-node steps."),
    ssh: ssh.optional(),
    knownHosts: localPath.optional().describe("Pinned host keys, written by `muster trust` and reviewed in git."),
    runtime: z
      .enum(["container", "host"])
      .default("container")
      .describe("Where jobs run. host: without Docker, in python.environment."),
    image: image.optional(),
    container: container.prefault({}),
    slots: z.int().min(1).describe("GPUs per node that jobs may use."),
    network: network.prefault({}),
    access: access.prefault({}),
    proxy: proxy.optional(),
    python: python.prefault({}),
    steps: z
      .array(step)
      .default([])
      .refine(steps => isDistinct(steps.map(s => s.name)), "each step's name once")
      .describe("Commands of your own, run in the containers before the pipeline."),
    pipeline: pipeline.optional(),
    doctor: z.strictObject({ accept: z.array(accepted).default([]) }).prefault({}),
  })
  .describe("A cluster of GPU hosts and what runs on it.");

export type ClusterFile = z.infer<typeof clusterFile>;

/** How a host or a bastion is reached and logged in to: all defaults applied, ssh_config resolved. */
export interface ClusterLogin {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Absolute, or beginning with `~/`. Absent: the agent is asked, and the usual files are tried. */
  readonly identityFile?: readonly string[];
  readonly certificateFile?: readonly string[];
  readonly identitiesOnly?: boolean;
  readonly agent?: string;
  readonly hostKeyAlias?: string;
  readonly passphrase?: SecretRef;
  readonly password?: SecretRef;
  /** A host's name, or a bastion of its own. */
  readonly bastion?: string | ClusterBastion;
  /** More files with known host keys, beside the cluster's. */
  readonly knownHostsFiles?: readonly string[];
  /** Lines of ssh_config that say where the host is and who logs in, such as `HostName ~/.ssh/config:3`. */
  readonly origins?: readonly string[];
}

export interface ClusterBastion extends ClusterLogin {}

export interface ClusterHost extends ClusterLogin {
  readonly name: string;
  /** Where the other nodes reach it. */
  readonly clusterAddress: string;
  readonly connectTimeoutSeconds: number;
  readonly keepaliveSeconds: number;
  /** Absent: found out. */
  readonly sudo?: "none" | "passwordless" | "password";
  readonly sudoPassword?: SecretRef;
  /** GPUs that the file declares for this host. */
  readonly gpus?: number;
  readonly interface?: string;
}

/** A cluster file that has been loaded: inventory merged, paths on the operator's side absolute, defaults applied. */
export interface Cluster extends Omit<ClusterFile, "hosts" | "inventory" | "ssh" | "knownHosts" | "cluster" | "image"> {
  readonly name: string;
  /** With runtime host: what stands for it, the versions of python.environment. */
  readonly image: NonNullable<ClusterFile["image"]>;
  /** Path of the cluster file, as it was given. */
  readonly file: string;
  readonly hosts: readonly ClusterHost[];
  /** Absolute path of the pinned host keys. */
  readonly knownHosts: string;
  /** Text of pipeline.train.lossScaleFile, if there is one. */
  readonly lossScaleText?: string;
  /** What is allowed and should be known. */
  readonly warnings: readonly Problem[];
}
