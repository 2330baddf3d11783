import { z } from "zod";
import { pythonEnvironment } from "./environment";
import {
  absolutePath,
  environment,
  fieldNotes,
  isDistinct,
  localPath,
  nodeName,
  portNumber,
  quantity,
  secretRef,
} from "./values";

const packages = z
  .strictObject({
    debs: localPath.optional().describe("Folder of .deb files on the operator's side: for sites without internet."),
    mirror: z.url().optional().describe("Address of a Debian or Ubuntu mirror that the hosts reach."),
    apt: z.literal(true).optional().describe("The image's own package sources."),
  })
  .refine(value => Object.values(value).filter(Boolean).length === 1, "exactly one of debs, mirror, apt")
  .describe(
    "Where openssh-server and pdsh come from. The notes' image has neither, so muster derives an image with both.",
  );

export const image = z
  .strictObject({
    reference: z.string().min(1).describe("Image of the node containers, with a tag or a digest."),
    archive: localPath.optional().describe("A `docker save` archive on the operator's side, loaded instead of pulled."),
    pull: z.boolean().default(true).describe("false: the image must be on the hosts already."),
    digest: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, "sha256: and 64 hexadecimal digits, as docker pull prints it")
      .optional()
      .describe("The only digest that the registry may give for the reference. Default: the first host's, for all."),
    registry: z
      .strictObject({
        server: z.string().min(1).optional().describe("Default: the registry in the reference."),
        user: z.string().min(1),
        password: secretRef,
      })
      .optional()
      .describe("Login of a private registry. It is used for the pull and stays on no host."),
    spread: z
      .boolean()
      .optional()
      .describe(
        "true: one host gets the image from the archive or the registry, and the hosts give it to each other. " +
          "Default: true for an archive, else false.",
      ),
    packages: packages.optional(),
    swift: z
      .string()
      .regex(/^\d+\.\d+\.\d+$/, "a version of ms-swift, such as 3.7.1")
      .describe("Version of ms-swift in the image. It decides how the commands are written."),
    vllm: z
      .string()
      .regex(/^\d+\.\d+\.\d+/, "a version of vLLM, such as 0.10.0")
      .optional()
      .describe("Version of vLLM in the image. It decides the names of parsers. Default: read from the image's tag."),
    sglang: z
      .string()
      .regex(/^\d+\.\d+\.\d+/, "a version of SGLang, such as 0.5.23")
      .optional()
      .describe("Version of SGLang in the image, if it serves. It decides the names of parsers."),
  })
  .describe("The image that every node runs.");

const mount = z.strictObject({
  host: absolutePath.describe("Folder on the host; made if it is not there."),
  container: absolutePath,
  readOnly: z.boolean().default(false),
});

const ulimits = z
  .strictObject({
    memlock: z.int().min(-1).default(-1).describe("Bytes; -1 is no limit, which RDMA needs."),
    stack: z.int().min(-1).default(67108864).describe("Bytes."),
    nofile: z.int().min(-1).default(1048576).describe("Open files."),
  })
  .describe("Limits of processes in the container.");

export const container = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/, "a container's name of two characters or more")
      .default("ms"),
    gpus: z
      .union([z.literal("all"), z.int().min(1)])
      .default("all")
      .describe("GPUs that the container sees."),
    shmSizeGib: quantity("GiB", "Size of /dev/shm. NCCL and data loaders need more than Docker's 64 MiB.").default(64),
    workdir: absolutePath.default("/mnt/workspace"),
    sshPort: portNumber.default(2333).describe("Port of the sshd inside; the network is the host's."),
    mounts: z
      .array(mount)
      .default([])
      .refine(mounts => isDistinct(mounts.map(m => m.container)), "each container path once"),
    env: environment
      .default({})
      .describe("Variables for everything in the container. No secrets: docker inspect shows them."),
    ulimits: ulimits.prefault({}),
    memoryGib: quantity("GiB", "Most memory of everything in the container. Changes in place.").optional(),
    cpus: z.number().positive().optional().describe("Most processors' worth of time, such as 64. Changes in place."),
    pidsLimit: z
      .int()
      .refine(value => value === -1 || value >= 1024, "-1 for no limit, or 1024 or more")
      .default(65536)
      .describe(
        "Most processes and threads, so that a runaway job cannot use up the host's. -1: no limit. Changes in place.",
      ),
    capAdd: z
      .array(z.string().regex(/^[A-Z][A-Z_]+$/, "a capability without CAP_, such as SYS_PTRACE"))
      .default([])
      .describe(
        "Capabilities beyond Docker's own, such as SYS_PTRACE for debuggers. NET_RAW and MKNOD are dropped unless named.",
      ),
  })
  .describe("The container that each host runs.");

const rdmaPort = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]*(:\d+)?$/, "a device or a port of it, such as mlx5_0 or mlx5_0:1");
const rdmaPorts = z.array(rdmaPort).min(1);
const gidIndex = z.int().min(0).max(255);

export const network = z
  .strictObject({
    interface: z
      .union([z.string().min(1), z.record(nodeName, z.string().min(1))])
      .default("auto")
      .describe("auto: the interface of the route to the other nodes. A name for all nodes, or {node-1: eth0}."),
    rdma: z
      .enum(["auto", "on", "off"])
      .default("auto")
      .describe(
        "auto: on only if every node has active ports of one kind. Mixed fabrics hang, so it is one decision for all.",
      ),
    address: z
      .record(nodeName, z.string().min(1))
      .optional()
      .describe(
        "{node-1: 10.0.0.1}: the address of a node for the others. Default: the one that the routes leave with.",
      ),
    hca: z
      .union([rdmaPorts, z.record(nodeName, rdmaPorts)])
      .register(fieldNotes, { example: "[mlx5_0, mlx5_1:1] or {node-1: [mlx5_2]}" })
      .optional()
      .describe(
        "RDMA ports in the order of the rails. Default: all active ones of one kind, but those below half of the fastest.",
      ),
    gidIndex: z
      .union([gidIndex, z.record(nodeName, gidIndex)])
      .optional()
      .describe(
        "RoCE: the GID of each port. Default: NCCL 2.21 and later finds it, for older ones it is planned from the hosts.",
      ),
    env: environment
      .optional()
      .describe("Variables of NCCL and Gloo on all nodes, such as NCCL_IB_TC. They win over those of the plan."),
    masterPort: portNumber.default(29500).describe("Port of torchrun's rendezvous on the first training node."),
  })
  .describe("How the nodes talk to each other.");

export const access = z
  .strictObject({
    authorizedKeys: z
      .array(
        z
          .string()
          .regex(/^(ssh-|ecdsa-|sk-)\S+ [A-Za-z0-9+/=]+( .*)?$/, "a public key line, such as 'ssh-ed25519 AAAA… me'"),
      )
      .default([])
      .describe("Public keys of people who may log in to the containers."),
    rootPassword: secretRef.optional().describe("Allows password login as root. Warned: keys are safer."),
  })
  .describe("Who may log in to the containers, besides the nodes themselves.");

export const proxy = z
  .strictObject({
    url: z
      .union([
        z
          .string()
          .regex(/^https?:\/\/[^\s@]+$/, "http://host:port without user and password; with them it is a secret"),
        secretRef,
      ])
      .register(fieldNotes, { example: "http://10.0.0.1:7890 or {secret: proxyUrl}" })
      .describe("Address of the HTTP proxy. With a password in it: {secret: name}."),
    noProxy: z.array(z.string().min(1)).default([]).describe("Reached directly. The nodes and localhost are always."),
    testUrl: z.url().default("https://www.google.com").describe("What proxytest fetches."),
  })
  .describe("For people: proxyon, unproxy, proxytest. For package installs: in the environment.");

export const python = z
  .strictObject({
    indexUrl: z.url().optional(),
    extraIndexUrl: z.url().optional(),
    upgradePip: z.boolean().default(false),
    swift: z
      .strictObject({
        source: absolutePath
          .optional()
          .describe("Checkout of ms-swift where jobs run, of the declared version. Default: the released package."),
      })
      .optional()
      .describe(
        "Where ms-swift comes from. In an image it is put over the image's own, of the same version; a checkout of another one is refused.",
      ),
    packages: z.array(z.string().regex(/^[A-Za-z0-9]/, "a requirement, such as swanlab")).default([]),
    wheels: absolutePath
      .optional()
      .describe("Folder of wheels where jobs run (in the container, or on the hosts), used instead of an index."),
    environment: pythonEnvironment.optional(),
  })
  .describe("Python where jobs run: what is added to the image's, or with runtime: host an environment of its own.");

export const step = z.strictObject({
  name: nodeName,
  run: z.string().min(1).describe("Shell text, run in the container."),
  nodes: z.union([z.literal("all"), z.array(nodeName).min(1)]).default("all"),
  rerun: z.enum(["once", "container"]).default("container").describe("container: again when the container is new."),
});
