import type { Fact } from "../facts/fact";
import type { Finding } from "./finding";
import type { KnownHost } from "./known-facts";

/** A topic that could not be asked is not absent: deciding on it would be guessing. */
export function unknownFacts(hosts: readonly KnownHost[]): Finding[] {
  return hosts.flatMap(({ node, facts }) =>
    Object.entries(facts as unknown as Record<string, Fact<unknown>>).flatMap(([topic, fact]) =>
      fact.status === "unknown"
        ? [
            {
              code: "fact-unknown",
              severity: needed.has(topic) ? ("error" as const) : ("warning" as const),
              host: node,
              fact: `${topic} could not be read: ${fact.reason}`,
              why: needed.has(topic) ? "the cluster is planned from it" : "a problem there would not be seen",
              remedy: `npx muster exec ${node} -- sh, and look; then run again`,
            },
          ]
        : [],
    ),
  );
}

/** Topics without which no plan can be made. */
const needed = new Set(["gpus", "docker", "interfaces", "routes", "memory"]);
