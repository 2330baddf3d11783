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

const ADDRESS = /^[0-9a-fA-F:.]+$/;

/** The ways to the peers, in their order. A peer without a route is left out. @throws Error on a peer that is no IP address. */
export function routes(peers: readonly string[]): Topic<readonly Route[]> {
  const bad = peers.find(peer => !ADDRESS.test(peer));
  if (bad !== undefined) throw new Error(`"${bad}" is not an IP address`);
  const asks = peers.map(peer => `printf '%s ' ${peer}; ip -j route get ${peer} 2>/dev/null || echo '[]'`);
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
