import { readFileSync } from "node:fs";
import * as path from "node:path";
import type { z } from "zod";
import { checkCluster } from "./checks";
import { problemsOf } from "./issues";
import { ConfigErrors, type Problem } from "./problem";
import { duplicateHosts, missingSecrets, sharedClusterAddresses, unknownNodes } from "./references";
import { type Cluster, type ClusterBastion, type ClusterFile, type ClusterHost, clusterFile } from "./schema";
import { type HostEntry, inventory, type SshSettings, ssh } from "./schema/hosts";
import { parseSource, problemAt, type Source } from "./source";

export interface LoadOptions {
  /** Reads a file as text. Default: from the disk. */
  readonly readFile?: (file: string) => string;
  /** Whether the stack has a secret of that name. Default: not checked. */
  readonly hasSecret?: (name: string) => boolean;
}

/**
 * Loads a cluster file and the inventory it names: checks, defaults, absolute paths.
 * Throws ConfigErrors with every problem of both files. Secrets stay names: `{secret: name}`.
 */
export function loadCluster(file: string, options: LoadOptions = {}): Cluster {
  const readFile = options.readFile ?? (name => readFileSync(name, "utf8"));
  const source = read(file, readFile, "muster init writes one");
  const parsed = parse(clusterFile, source);
  const problems: Problem[] = [...parsed.problems];
  const draft = parsed.value;
  if (!draft) throw new ConfigErrors(inFileOrder(problems));

  const listed = hostsOf(draft, source, readFile);
  problems.push(...listed.problems);
  const sshSettings = draft.ssh ?? listed.ssh ?? ssh.parse({});
  const duplicates = duplicateHosts(listed.hosts, sshSettings.port, listed.source);
  problems.push(...(duplicates.length > 0 ? duplicates : sharedClusterAddresses(listed.hosts, listed.source)));
  if (listed.hosts.length > 0) problems.push(...unknownNodes(draft, listed.hosts, source));
  if (options.hasSecret) problems.push(...missingSecrets(source.value, options.hasSecret, source));
  if (problems.length > 0) throw new ConfigErrors(inFileOrder(problems));
  const cluster = assemble(file, draft, listed, sshSettings);
  const checks = checkCluster(cluster).map(({ path: at, ...check }) => ({ ...check, ...problemAt(source, at, check) }));
  const errors = checks.filter(check => check.severity === "error");
  if (errors.length > 0) throw new ConfigErrors(inFileOrder(errors));
  return { ...cluster, warnings: checks.filter(check => check.severity === "warning") };
}

interface Listed {
  /** The file in which the hosts stand. */
  readonly source: Source;
  readonly hosts: readonly HostEntry[];
  readonly ssh?: SshSettings;
  readonly knownHosts?: string;
  readonly problems: readonly Problem[];
}

function hostsOf(draft: ClusterFile, source: Source, readFile: (file: string) => string): Listed {
  if (draft.inventory !== undefined && draft.hosts !== undefined) {
    const problem = problemAt(source, ["inventory"], {
      found: "inventory and hosts",
      expected: "one of the two",
      remedy: "remove hosts, or move them to the inventory",
    });
    return { source, hosts: draft.hosts, problems: [problem] };
  }
  if (draft.inventory === undefined) {
    const problem = problemAt(source, [], {
      found: "neither hosts nor inventory",
      expected: "the hosts of the cluster",
      remedy: "add hosts: [{name: node-1, address: 10.0.0.1}], or inventory: FILE",
    });
    return { source, hosts: draft.hosts ?? [], knownHosts: draft.knownHosts, problems: draft.hosts ? [] : [problem] };
  }
  const name = besides(source.file, draft.inventory);
  let listed: Source;
  try {
    listed = read(name, readFile, "make the hosts first: what writes the inventory has not run");
  } catch (error) {
    if (error instanceof ConfigErrors) return { source, hosts: [], problems: error.problems };
    throw error;
  }
  const { value, problems } = parse(inventory, listed);
  return { source: listed, hosts: value?.hosts ?? [], ssh: value?.ssh, knownHosts: value?.knownHosts, problems };
}

function read(file: string, readFile: (file: string) => string, remedy: string): Source {
  let text: string;
  try {
    text = readFile(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "no text";
    const found = code === "ENOENT" ? "no such file" : code;
    throw new ConfigErrors([{ file, path: "", found, expected: "a readable file", remedy }]);
  }
  const source = parseSource(file, text);
  if (source.problems.length > 0) throw new ConfigErrors(source.problems);
  return source;
}

function parse<T>(schema: z.ZodType<T>, source: Source): { value?: T; problems: Problem[] } {
  const result = schema.safeParse(source.value);
  return result.success
    ? { value: result.data, problems: [] }
    : { problems: problemsOf(result.error.issues, schema, source) };
}

function assemble(file: string, draft: ClusterFile, listed: Listed, sshSettings: SshSettings): Cluster {
  const { cluster, hosts: _hosts, inventory: _inventory, ssh: _ssh, knownHosts: _knownHosts, ...rest } = draft;
  const sshFile = draft.ssh ? file : listed.source.file;
  const defaults = { ...sshSettings, ...local(sshFile, sshSettings.identityFile) };
  const knownHosts =
    draft.knownHosts !== undefined
      ? besides(file, draft.knownHosts)
      : besides(listed.source.file, listed.knownHosts ?? `${cluster}.known_hosts`);
  return {
    ...rest,
    ...localPaths(file, rest),
    network: { ...rest.network, interface: interfacesOf(rest.network.interface, listed.hosts) },
    name: cluster,
    file,
    hosts: listed.hosts.map(host => resolveHost(host, defaults, listed.source.file, sshFile)),
    ssh: defaults,
    knownHosts,
    warnings: [],
  };
}

/** network.interface with what the hosts say themselves, which wins. */
function interfacesOf(
  chosen: ClusterFile["network"]["interface"],
  hosts: readonly HostEntry[],
): ClusterFile["network"]["interface"] {
  const own = hosts.flatMap(host => (host.interface === undefined ? [] : [[host.name, host.interface]]));
  if (own.length === 0) return chosen;
  const all = typeof chosen === "string" ? Object.fromEntries(hosts.map(host => [host.name, chosen])) : chosen;
  return { ...all, ...Object.fromEntries(own) };
}

function resolveHost(host: HostEntry, defaults: SshSettings, hostFile: string, sshFile: string): ClusterHost {
  const { bastion: own, identityFile, ...rest } = host;
  const user = host.user ?? defaults.user;
  const key = identityFile === undefined ? defaults.identityFile : besides(hostFile, identityFile);
  const bastion = own ? resolveBastion(own, defaults, hostFile) : resolveBastion(defaults.bastion, defaults, sshFile);
  return {
    ...rest,
    port: host.port ?? defaults.port,
    clusterAddress: host.clusterAddress ?? host.address,
    user,
    ...(key === undefined ? {} : { identityFile: key }),
    ...(bastion ? { bastion } : {}),
  };
}

function resolveBastion(
  settings: HostEntry["bastion"],
  defaults: SshSettings,
  file: string,
): ClusterBastion | undefined {
  if (!settings) return undefined;
  const key = settings.identityFile === undefined ? defaults.identityFile : besides(file, settings.identityFile);
  return { ...settings, user: settings.user ?? defaults.user, ...(key === undefined ? {} : { identityFile: key }) };
}

/** The paths of the operator's side outside hosts and ssh, made absolute. */
function localPaths(
  file: string,
  rest: Pick<ClusterFile, "image" | "pipeline">,
): Pick<ClusterFile, "image" | "pipeline"> {
  const { image, pipeline } = rest;
  const debs = image.packages?.debs;
  const data = pipeline?.data;
  return {
    image: {
      ...image,
      ...(image.archive === undefined ? {} : { archive: besides(file, image.archive) }),
      ...(debs === undefined ? {} : { packages: { ...image.packages, debs: besides(file, debs) } }),
    },
    ...(pipeline && data?.file !== undefined
      ? { pipeline: { ...pipeline, data: { ...data, file: besides(file, data.file) } } }
      : { pipeline }),
  };
}

function local(file: string, identityFile: string | undefined): { identityFile?: string } {
  return identityFile === undefined ? {} : { identityFile: besides(file, identityFile) };
}

/** A path relative to the file that names it; `~/` is left for whoever opens it. */
function besides(file: string, name: string): string {
  return name.startsWith("~") ? name : path.resolve(path.dirname(file), name);
}

function inFileOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) =>
    a.file === b.file ? (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0) : 0,
  );
}
