import { nearest } from "./nearest";
import type { Problem } from "./problem";
import type { ClusterFile, ClusterHost } from "./schema";
import type { HostEntry } from "./schema/hosts";
import { problemAt, type Source } from "./source";

/** Hosts that are declared twice: by name, or by address and port, after ssh_config was asked. */
export function duplicateHosts(hosts: readonly ClusterHost[], source: Source): Problem[] {
  const names = new Map<string, number>();
  const addresses = new Map<string, string>();
  const problems: Problem[] = [];
  hosts.forEach((host, index) => {
    const first = names.get(host.name);
    if (first !== undefined) {
      problems.push(
        problemAt(source, ["hosts", index, "name"], {
          found: `name '${host.name}', which hosts[${first}] has`,
          expected: "each name once",
          remedy: "rename or remove one of them",
        }),
      );
    } else names.set(host.name, index);
    const { bastion } = host;
    const through = typeof bastion === "object" ? bastion.address : (bastion ?? "");
    const endpoint = `${through} ${host.address} ${host.port}`;
    const other = addresses.get(endpoint);
    if (other !== undefined && other !== host.name) {
      problems.push(
        problemAt(source, ["hosts", index, "address"], {
          found: `${host.address} port ${host.port}, which is host '${other}'`,
          expected: "each address and port once",
          remedy: "correct the address, or the port if several hosts share one address",
        }),
      );
    } else addresses.set(endpoint, host.name);
  });
  return problems;
}

/** Bastions that are named and are no host, and bastions that lead to themselves. */
export function unknownBastions(hosts: readonly ClusterHost[], sources: BastionSources): Problem[] {
  const byName = new Map(hosts.map(host => [host.name, host]));
  return hosts.flatMap((host, index) => {
    const passed = [host.name];
    for (let next = namedBastion(host); next !== undefined; next = namedBastion(byName.get(next))) {
      const isOwn = sources.isOwn(index);
      const at = isOwn ? ["hosts", index, "bastion"] : ["ssh", "bastion"];
      const source = isOwn ? sources.hosts : sources.ssh;
      if (!byName.has(next)) {
        const likely = nearest(next, byName.keys());
        const found = `bastion '${next}', which is no host`;
        const remedy = likely ? `write ${likely}` : `write bastion: {address: ${next}}`;
        return [problemAt(source, at, { found, expected: "the name of a host, or a map with its address", remedy })];
      }
      if (passed.includes(next)) {
        const found = `bastions that go round in a circle: ${[...passed, next].join(" -> ")}`;
        return [problemAt(source, at, { found, expected: "a way that begins at the operator", remedy: CIRCLE_REMEDY })];
      }
      passed.push(next);
    }
    return [];
  });
}

export interface BastionSources {
  /** The file in which the hosts stand, and that with `ssh`. */
  readonly hosts: Source;
  readonly ssh: Source;
  /** Whether the host names its bastion itself. */
  isOwn(index: number): boolean;
}

const CIRCLE_REMEDY = "write bastion: none for the host that is reached without one";

/** The name at the end of the bastions that stand in one another. */
function namedBastion(host: ClusterHost | undefined): string | undefined {
  let bastion = host?.bastion;
  while (typeof bastion === "object") bastion = bastion.bastion;
  return bastion;
}

/** Two nodes that the others would reach at one address: only one of them can be there. */
export function sharedClusterAddresses(hosts: readonly ClusterHost[], source: Source): Problem[] {
  const owners = new Map<string, string>();
  return hosts.flatMap((host, index) => {
    const { clusterAddress: address } = host;
    const other = owners.get(address);
    if (other === undefined || other === host.name) {
      owners.set(address, host.name);
      return [];
    }
    return [
      problemAt(source, ["hosts", index, address === host.address ? "address" : "clusterAddress"], {
        found: `${address}, where the other nodes already reach '${other}'`,
        expected: "an address of its own on the nodes' network",
        remedy: `add clusterAddress: ADDRESS to '${other}' and '${host.name}': several hosts may share an IP only towards the operator`,
      }),
    ];
  });
}

/** Names of nodes that no host has. */
export function unknownNodes(file: ClusterFile, hosts: readonly HostEntry[], source: Source): Problem[] {
  const names = new Set(hosts.map(host => host.name));
  return nodeMentions(file).flatMap(({ path, name }) => {
    if (names.has(name)) return [];
    const likely = nearest(name, names);
    return [
      problemAt(source, path, {
        found: `node '${name}', which is no host`,
        expected: `one of ${[...names].join(", ")}`,
        remedy: likely ? `write ${likely}` : `add a host named ${name}, or name another`,
      }),
    ];
  });
}

interface Mention {
  readonly path: (string | number)[];
  readonly name: string;
}

function nodeMentions(file: ClusterFile): Mention[] {
  const { pipeline } = file;
  const lists: [(string | number)[], readonly string[] | undefined][] = [
    [["pipeline", "train", "nodes"], pipeline?.train?.nodes],
    [["pipeline", "serve", "nodes"], pipeline?.serve?.nodes],
    ...file.steps.map((step, i): [(string | number)[], readonly string[] | undefined] => [
      ["steps", i, "nodes"],
      step.nodes === "all" ? undefined : step.nodes,
    ]),
  ];
  const single = (["convert", "export", "infer", "serve"] as const).flatMap(part => {
    const name = pipeline?.[part]?.node;
    return name === undefined ? [] : [{ path: ["pipeline", part, "node"], name }];
  });
  const { interface: chosen } = file.network;
  const byInterface =
    typeof chosen === "string" ? [] : Object.keys(chosen).map(name => ({ path: ["network", "interface", name], name }));
  const accepted = file.doctor.accept.flatMap((entry, i) =>
    entry.host === undefined ? [] : [{ path: ["doctor", "accept", i, "host"], name: entry.host }],
  );
  const listed = lists.flatMap(([path, nodes]) => (nodes ?? []).map((name, i) => ({ path: [...path, i], name })));
  return [...listed, ...single, ...byInterface, ...accepted];
}

/** Secrets that the file names and the stack does not have. */
export function missingSecrets(
  file: unknown,
  known: (name: string) => boolean,
  source: Source,
  path: (string | number)[] = [],
): Problem[] {
  if (typeof file !== "object" || file === null) return [];
  const name = Reflect.get(file, "secret");
  if (typeof name === "string" && Object.keys(file).length === 1) {
    if (known(name)) return [];
    return [
      problemAt(source, [...path, "secret"], {
        found: `secret '${name}', which the stack does not have`,
        expected: "a secret of the stack's configuration",
        remedy: `muster config set --secret ${name}`,
      }),
    ];
  }
  const entries = Array.isArray(file) ? file.map((v, i): [number, unknown] => [i, v]) : Object.entries(file);
  return entries.flatMap(([key, value]) => missingSecrets(value, known, source, [...path, key]));
}
