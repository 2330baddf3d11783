import type { Fact } from "../facts/fact";
import type { Finding } from "./finding";
import { type KnownHost, wasAsked } from "./known-facts";

/**
 * A topic that could not be asked is not absent: deciding on it would be guessing.
 * @param usesRdma false where the cluster file says `network.rdma: off`
 */
export function unknownFacts(hosts: readonly KnownHost[], usesRdma: boolean): Finding[] {
  const needed = usesRdma ? [...always, "rdma"] : always;
  return hosts.filter(wasAsked).flatMap(host => unknownTopics(host, needed));
}

/** Hosts that could not be asked, each with the reason and its remedy. */
export function unreachableHosts(hosts: readonly KnownHost[]): Finding[] {
  return hosts.filter(host => !wasAsked(host)).map(unreachable);
}

/** Topics that one cause hides, as a program that hangs, are one finding. */
function unknownTopics({ node, facts, ports, paths }: KnownHost, needed: readonly string[]): Finding[] {
  const { formatVersion: _, ...stable } = facts;
  const topics = { ...stable, ports, paths };
  const byReason = new Map<string, string[]>();
  for (const [topic, fact] of Object.entries(topics as unknown as Record<string, Fact<unknown> | undefined>)) {
    if (fact?.status !== "unknown") continue;
    byReason.set(fact.reason, [...(byReason.get(fact.reason) ?? []), topic]);
  }
  return [...byReason].map(([reason, names]) => {
    const isNeeded = names.some(name => needed.includes(name));
    return {
      code: "fact-unknown",
      severity: isNeeded ? ("error" as const) : ("warning" as const),
      host: node,
      fact: `${names.join(", ")} could not be read: ${reason}`,
      why: isNeeded ? "the cluster is planned from it" : "a problem there would not be seen",
      remedy: `npx muster ssh ${node} --host, and look; then run again`,
    };
  });
}

function unreachable({ node, facts }: KnownHost): Finding {
  const { os } = facts;
  const { reason, remedy } = os.status === "unknown" ? os : { reason: "it could not be asked", remedy: undefined };
  return {
    code: "unreachable",
    severity: "error",
    host: node,
    fact: reason,
    why: "nothing else about this host is known",
    remedy: remedy ?? "check address, port, user and key in the cluster file",
  };
}

/**
 * Topics without which no plan can be made. RDMA is one of them where it may be used: a host whose ports could not be read would get a
 * container without the devices, in place of the one that it has, and turn RDMA off for all.
 */
const always: readonly string[] = ["gpus", "docker", "interfaces", "routes", "memory"];
