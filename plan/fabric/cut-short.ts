import { allPairs, namedCulprits, type Pair, type Sides } from "./culprits";
import { list, waysBetween } from "./naming";
import type { GateReports } from "./reports";

interface Fleet {
  readonly nodes: readonly string[];
  readonly masterPort: number;
}

/** Why the gate did not come to its end, the nearest cause alone: nodes that do not reach each other, else ranks that died, else that hang. */
export function cutShort(reports: GateReports, fleet: Fleet): string[] {
  const causes = [unreached(reports, fleet), died(reports, fleet), stuck(reports)];
  return causes.find(faults => faults.length > 0) ?? [];
}

function unreached({ unreached: ways, missing }: GateReports, { nodes, masterPort }: Fleet): string[] {
  const [first = ""] = nodes;
  const master = ways.filter(way => way.to === first && (way.from === first || way.why.includes(`:${masterPort} `)));
  const others = nodes.length - 1;
  // The first node meets itself at that port too: what keeps it away is on its own host.
  if (master.some(way => way.from === first) || (others > 1 && master.length >= others)) {
    const own = master.find(way => way.from === first) ?? master[0];
    return [
      `${first} is at fault: ${own?.why} from ${list(master.map(way => way.from))}; it is the port at which the processes of a training meet. ` +
        `Remedy: on the host of ${first}, ss -ltnp 'sport = :${masterPort}' shows who holds it, and nft list ruleset what drops it; ` +
        "or choose another network.masterPort",
    ];
  }
  const lost = [...new Set([...missing, ...master.map(way => way.from)])].sort();
  const ofLost = lost.map(node => {
    const why = master.find(way => way.from === node)?.why ?? "it said nothing";
    return (
      `${node} is at fault: it did not reach ${first} at port ${masterPort} (${why}). Remedy: on the host of ${node}, ` +
      `nc -vz ADDRESS_OF_${first} ${masterPort} while another gate runs, and nft list ruleset on both hosts`
    );
  });
  const bad = ways
    .filter(way => !master.includes(way) && !lost.includes(way.from) && !lost.includes(way.to))
    .map(({ from, to }): Pair => (nodes.indexOf(from) < nodes.indexOf(to) ? [from, to] : [to, from]));
  const { hosts, pairs, between } = namedCulprits(allPairs(nodes), bad);
  const told = (of: (way: GateReports["unreached"][number]) => boolean): string =>
    ways
      .filter(of)
      .map(({ from, to, why }) => `from ${from} to ${to}: ${why}`)
      .join("; ");
  const remedy =
    "NCCL and Gloo take any free port. Remedy: let the nodes' addresses through all TCP ports of each other " +
    "(nft list ruleset, cloud security groups), and give their interfaces one MTU";
  return [
    ...ofLost,
    ...hosts.map(
      host =>
        `${host} is at fault: it and the others do not reach each other (${told(way => [way.from, way.to].includes(host))}). ${remedy}`,
    ),
    ...between.map(sides => `${waysBetween(sides)} are closed (${told(way => crosses(sides, way))}). ${remedy}`),
    ...pairs.map(
      ([a, b]) =>
        `${a} and ${b} do not reach each other (${told(way => [way.from, way.to].includes(a) && [way.from, way.to].includes(b))}). ${remedy}`,
    ),
  ];
}

/** Errors that only tell that another rank is gone. */
const SECOND_HAND =
  /closed by peer|reset by peer|remote process exited|Connection closed|Broken pipe|ncclRemoteError|got 0 bytes|timed out|Timeout/i;

function died({ died: all, stopped = [] }: GateReports, { nodes }: Fleet): string[] {
  const own = all.filter(rank => !SECOND_HAND.test(rank.said));
  const telling = new Set([...all.map(rank => rank.node), ...stopped]);
  const silent = nodes.filter(node => !telling.has(node));
  // Who only lost another one is not named where somebody does not tell any more.
  if (all.length > 0 && own.length === 0 && silent.length > 0) {
    const [{ node, phase, said } = { node: "", phase: "", said: "" }] = all;
    return [
      `${list(silent)} fell silent: others lost it, such as ${node} at "${phase}" (${said}), and it told nothing of its end. ` +
        "Remedy: look whether the host is up and its links are (uptime, dmesg, ip -s link)",
    ];
  }
  const told = own.length > 0 ? own : all;
  return told.map(
    ({ node, rank, phase, said }) =>
      `${node} is at fault: rank ${rank} died at "${phase}": ${said || "without a word"}. Remedy: muster logs gate shows all that it said`,
  );
}

function stuck({ stuck: all }: GateReports): string[] {
  if (all.length === 0) return [];
  const seconds = Math.max(...all.map(each => each.seconds));
  const phases = all.flatMap(({ node, phases: at }) => at.map(phase => ({ node, phase })));
  const pair = phases.find(({ phase }) => /between \S+ and \S+$/.test(phase));
  const [, a = "", b = ""] = /between (\S+) and (\S+)$/.exec(pair?.phase ?? "") ?? [];
  const remedy =
    "Remedy: dmesg and nvidia-smi on those hosts, and the counters of their links (ip -s link, ibv_devinfo)";
  if (pair) return [`${a} and ${b} hang: "${pair.phase}" did not end within ${seconds} s. ${remedy}`];
  const count = (phase: string): number => phases.filter(each => each.phase === phase).length;
  // Ranks wait for the one that hangs: it is at something that most are not at.
  const behind = phases.filter(each => count(each.phase) * 2 < phases.length);
  const who = behind.length > 0 ? behind : phases;
  const said = who.map(({ node, phase }) => `${node} at "${phase}"`).join("; ");
  const name = behind.length > 0 ? `${list(behind.map(each => each.node))} at fault` : "nobody is ahead of the others";
  return [`the gate did not end within ${seconds} s, ${name}: ${said}. ${remedy}`];
}

function crosses([one, other]: Sides, { from, to }: { readonly from: string; readonly to: string }): boolean {
  return (one.includes(from) && other.includes(to)) || (other.includes(from) && one.includes(to));
}
