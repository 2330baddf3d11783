import type { Finding } from "../finding";
import type { HostSight } from "./host-sight";

/** Between hosts; the operator's own clock may be further away. */
const SECONDS_AMONG_HOSTS = 5;
const SECONDS_TO_OPERATOR = 60;

/** Hosts whose clock is not that of the others, and, if all agree, an operator's machine whose clock is not theirs. */
export function clockFindings(hosts: readonly HostSight[]): Finding[] {
  const known = hosts.flatMap(({ node, clockAheadSeconds: ahead }) => (ahead === undefined ? [] : [{ node, ahead }]));
  const usual = median(known.map(({ ahead }) => ahead));
  const odd = known.filter(({ ahead }) => Math.abs(ahead - usual) > SECONDS_AMONG_HOSTS);
  const findings = odd.map(
    ({ node, ahead }): Finding => ({
      code: "clock-skew",
      severity: "warning",
      host: node,
      fact: `the clock is ${Math.round(Math.abs(ahead - usual))} s ${ahead > usual ? "ahead of" : "behind"} ${known.length > 2 ? "most hosts'" : "the other's"}`,
      why: "logs cannot be compared, tokens and certificates expire early, and caches by time go wrong",
      remedy: "timedatectl set-ntp true",
    }),
  );
  if (Math.abs(usual) <= SECONDS_TO_OPERATOR) return findings;
  return [
    ...findings,
    {
      code: "clock-skew-operator",
      severity: "warning",
      fact: `the hosts' clocks are ${Math.round(Math.abs(usual))} s ${usual > 0 ? "ahead of" : "behind"} this machine's`,
      why: "times that are shown here and there cannot be compared",
      remedy: "timedatectl set-ntp true, on the side that is wrong",
    },
  ];
}

/** Of two, the one that is nearer to the operator's clock. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low = 0, high = low] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return Math.abs(low) <= Math.abs(high) ? low : high;
}
