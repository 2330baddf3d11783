import type { Topic } from "./fact";

export interface Route {
  /** Address of the peer that was asked for. */
  readonly peer: string;
  readonly interface: string;
  /** Source address of this host on the way there. */
  readonly address: string;
  readonly gateway?: string;
}

interface Answer {
  readonly dev?: string;
  readonly prefsrc?: string;
  readonly gateway?: string;
}

const ADDRESS = /^[A-Za-z0-9:][A-Za-z0-9:._-]*$/;
const IP_ADDRESS = /^(\d+(\.\d+){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$/;

/** `ip` takes no names, so a name is looked up as the host itself would look it up. */
function ask(peer: string): string {
  const address = IP_ADDRESS.test(peer) ? peer : `"$(getent ahosts ${peer} | { read -r a _; echo "$a"; })"`;
  return `printf '%s ' ${peer}; ip -j route get ${address} 2>/dev/null || echo '[]'`;
}

/**
 * The ways to the peers, in their order; IP addresses or host names. A peer without a route is left out.
 * @throws Error on a peer that is neither
 */
export function routes(peers: readonly string[]): Topic<readonly Route[]> {
  const bad = peers.find(peer => !ADDRESS.test(peer));
  if (bad !== undefined) throw new Error(`"${bad}" is neither an IP address nor a host name`);
  const asks = peers.map(ask);
  return {
    snippet: [
      `command -v ip >/dev/null || { echo "ip is not installed (Debian: apt install iproute2)"; exit 1; }`,
      ...asks,
    ].join("\n"),
    parse: output =>
      output
        .split("\n")
        .filter(line => line.trim() !== "")
        .flatMap(line => {
          const [, peer = "", json = "[]"] = /^(\S+) (.*)$/.exec(line) ?? [];
          const [way] = JSON.parse(json) as Answer[];
          if (!way?.dev || !way.prefsrc) return [];
          return [{ peer, interface: way.dev, address: way.prefsrc, ...(way.gateway ? { gateway: way.gateway } : {}) }];
        }),
  };
}
