import type { Topic } from "./fact";

/** The way to one or more peers. Among hundreds of nodes nearly all peers share one. */
export interface Route {
  readonly interface: string;
  /** Source address of this host on the way there. */
  readonly address: string;
  readonly gateway?: string;
  /** Addresses of the peers that were asked for. */
  readonly peers: readonly string[];
}

interface Answer {
  readonly dst?: string;
  readonly dev?: string;
  readonly prefsrc?: string;
  readonly gateway?: string;
}

const ADDRESS = /^[A-Za-z0-9:][A-Za-z0-9:._-]*$/;
const IPV4_ADDRESS = /^\d+(\.\d+){3}$/;
const IPV6_ADDRESS = /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/;

/** `ip` takes no names, so a name is looked up as the host itself would look it up. */
function ask(peer: string): string {
  const address = IPV6_ADDRESS.test(peer) ? peer : `"$(getent ahosts ${peer} | { read -r a _; echo "$a"; })"`;
  return `printf '%s ' ${peer}; ip -j route get ${address} 2>/dev/null || echo '[]'`;
}

/** One process for all, which is what counts among hundreds of nodes: an answer tells by `dst` whose it is. */
function askTogether(addresses: readonly string[]): string {
  const lines = addresses.map(address => `'route get ${address}'`).join(" ");
  return addresses.length === 0 ? "" : `printf '%s\\n' ${lines} | ip -j -force -batch - 2>/dev/null\n`;
}

/**
 * The ways to the peers, both in the order of the peers; IP addresses or host names. A peer without a route is left out.
 * @throws Error on a peer that is neither
 */
export function routes(peers: readonly string[]): Topic<readonly Route[]> {
  const bad = peers.find(peer => !ADDRESS.test(peer));
  if (bad !== undefined) throw new Error(`"${bad}" is neither an IP address nor a host name`);
  const together = peers.filter(peer => IPV4_ADDRESS.test(peer));
  const single = peers.filter(peer => !IPV4_ADDRESS.test(peer));
  return {
    snippet: [
      `command -v ip >/dev/null || { echo "ip is not installed (Debian: apt install iproute2)"; exit 1; }`,
      `${askTogether(together)}${single.map(ask).join("\n")}\n:`,
    ].join("\n"),
    parse: output => {
      const found = output
        .split("\n")
        .filter(line => line.trim() !== "")
        .flatMap(routeOf);
      const places = new Map(peers.map((peer, place) => [peer, place]));
      return grouped(found.sort((a, b) => (places.get(a.peer) ?? -1) - (places.get(b.peer) ?? -1)));
    },
  };
}

/** A way to one peer. */
export interface RouteToPeer extends Omit<Route, "peers"> {
  readonly peer: string;
}

/** Ways that differ in nothing but the peer as one, in the order of the first of each. */
export function grouped(ways: readonly RouteToPeer[]): Route[] {
  const groups = new Map<string, { way: Omit<RouteToPeer, "peer">; peers: string[] }>();
  for (const { peer, ...way } of ways) {
    const key = `${way.interface} ${way.address} ${way.gateway ?? ""}`;
    const group = groups.get(key);
    if (group) group.peers.push(peer);
    else groups.set(key, { way, peers: [peer] });
  }
  return [...groups.values()].map(({ way, peers }) => ({ ...way, peers }));
}

/** Of a line with the answer of one `ip route get`, behind the peer's name where it was asked alone. */
function routeOf(line: string): RouteToPeer[] {
  const [, name = "", json = "[]"] = /^(?:([^[\s]\S*) )?(.*)$/.exec(line) ?? [];
  const [way] = JSON.parse(json) as Answer[];
  const peer = name || way?.dst;
  if (peer === undefined || !way?.dev || !way.prefsrc) return [];
  return [{ peer, interface: way.dev, address: way.prefsrc, ...(way.gateway ? { gateway: way.gateway } : {}) }];
}
