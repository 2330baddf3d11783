import { readFileSync } from "node:fs";
import type { z } from "zod";
import { checkCluster } from "./checks";
import { type HostLogins, hostLogins } from "./host-logins";
import { problemsOf } from "./issues";
import { besides } from "./local-path";
import { ConfigErrors, type Problem } from "./problem";
import { duplicateHosts, missingSecrets, sharedClusterAddresses, unknownBastions, unknownNodes } from "./references";
import { imageOf, runtimeProblems } from "./runtime";
import { type Cluster, type ClusterFile, type ClusterHost, clusterFile } from "./schema";
import { type HostEntry, inventory, type SshSettings, ssh } from "./schema/hosts";
import type { DataSettings } from "./schema/pipeline";
import { parseSource, problemAt, type Source } from "./source";
import { openSshConfig, type SshConfigOptions, UnreadableConfig } from "./ssh-config-files";

export interface LoadOptions extends SshConfigOptions {
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
  const logins = resolvedLogins(file, draft, listed, options);
  const duplicates = duplicateHosts(logins.hosts, listed.source);
  problems.push(...logins.problems);
  problems.push(...(duplicates.length > 0 ? duplicates : sharedClusterAddresses(logins.hosts, listed.source)));
  const isOwn = (index: number): boolean => listed.hosts[index]?.bastion !== undefined;
  const bastionSources = { hosts: listed.source, ssh: draft.ssh ? source : listed.source, isOwn };
  problems.push(...distinct(unknownBastions(logins.hosts, bastionSources)));
  if (listed.hosts.length > 0) problems.push(...unknownNodes(draft, listed.hosts, source));
  if (options.hasSecret) {
    for (const each of new Set([source, listed.source]))
      problems.push(...missingSecrets(each.value, options.hasSecret, each));
  }
  problems.push(...runtimeProblems(draft, source));
  const lossScale = lossScaleOf(draft, source, readFile);
  problems.push(...lossScale.problems);
  if (problems.length > 0) throw new ConfigErrors(inFileOrder(problems));
  const { text } = lossScale;
  const cluster = {
    ...assemble(file, draft, listed, logins.hosts),
    ...(text !== undefined && { lossScaleText: text }),
  };
  const checks = checkCluster(cluster).map(({ path: at, ...check }) => ({ ...check, ...problemAt(source, at, check) }));
  const errors = checks.filter(check => check.severity === "error");
  if (errors.length > 0) throw new ConfigErrors(inFileOrder(errors));
  return { ...cluster, warnings: [...logins.warnings, ...checks.filter(check => check.severity === "warning")] };
}

/** The weights of pipeline.train.lossScaleFile: its checks are part of the cluster file's. */
function lossScaleOf(
  draft: ClusterFile,
  source: Source,
  readFile: (file: string) => string,
): { readonly text?: string; readonly problems: readonly Problem[] } {
  const name = draft.pipeline?.train?.lossScaleFile;
  if (name === undefined) return { problems: [] };
  try {
    return { text: readFile(besides(source.file, name)), problems: [] };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "no text";
    const found = `${name}: ${code === "ENOENT" ? "no such file" : code}`;
    const remedy = 'write the weights there: {"Action:": [2.0, 2.0], …}';
    return {
      problems: [
        problemAt(source, ["pipeline", "train", "lossScaleFile"], { found, expected: "a readable file", remedy }),
      ],
    };
  }
}

/** What an inventory says of `ssh` counts where the cluster file says nothing. */
function resolvedLogins(file: string, draft: ClusterFile, listed: Listed, options: LoadOptions): HostLogins {
  const settings = draft.ssh ?? listed.ssh ?? ssh.parse({});
  const sshFile = draft.ssh ? file : listed.source.file;
  const name = settings.configFile;
  try {
    const path = name === undefined || name === "none" ? name : besides(sshFile, name);
    // Who gives the files gives all of them.
    const isGiven = options.readFile !== undefined && options.readSshConfig === undefined;
    const config = isGiven && path === undefined ? undefined : openSshConfig(path, options);
    return hostLogins(listed.hosts, settings, { hosts: listed.source.file, ssh: sshFile }, config);
  } catch (error) {
    if (!(error instanceof UnreadableConfig)) throw error;
    return { hosts: [], problems: [error.problem], warnings: [] };
  }
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

function assemble(file: string, draft: ClusterFile, listed: Listed, hosts: readonly ClusterHost[]): Cluster {
  const { cluster, hosts: _hosts, inventory: _inventory, ssh: _ssh, knownHosts: _knownHosts, ...rest } = draft;
  const knownHosts =
    draft.knownHosts !== undefined
      ? besides(file, draft.knownHosts)
      : besides(listed.source.file, listed.knownHosts ?? `${cluster}.known_hosts`);
  return {
    ...rest,
    ...localPaths(file, { ...rest, image: imageOf(draft) }),
    network: { ...rest.network, interface: interfacesOf(rest.network.interface, listed.hosts) },
    name: cluster,
    file,
    hosts,
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

/** The paths of the operator's side outside hosts and ssh, made absolute. */
function localPaths(file: string, rest: Pick<Cluster, "image" | "pipeline">): Pick<Cluster, "image" | "pipeline"> {
  const { image, pipeline } = rest;
  const debs = image.packages?.debs;
  const data = pipeline?.data;
  return {
    image: {
      ...image,
      ...(image.archive === undefined ? {} : { archive: besides(file, image.archive) }),
      ...(debs === undefined ? {} : { packages: { ...image.packages, debs: besides(file, debs) } }),
    },
    pipeline: pipeline && data ? { ...pipeline, data: dataPaths(file, data) } : pipeline,
  };
}

function dataPaths(file: string, data: DataSettings): DataSettings {
  const absolute = <Entry>(entry: Entry): Entry =>
    typeof entry === "object" && entry !== null && "file" in entry && typeof entry.file === "string"
      ? { ...entry, file: besides(file, entry.file) }
      : entry;
  return {
    ...absolute(data),
    ...(data.sets && { sets: data.sets.map(absolute) }),
    ...(data.validation && { validation: data.validation.map(absolute) }),
  };
}

/** What is wrong in `ssh` is wrong for each host. */
function distinct(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map(each => [JSON.stringify(each), each])).values()];
}

function inFileOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) =>
    a.file === b.file ? (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0) : 0,
  );
}
