import type { KindContext } from "../../provider/kind";
import type { FakeHosts } from "../../remote/fake";

/** What a kind is given, over programmable hosts. `allowed`: names for which the operator's permission was given. */
export function kindContext(hosts: FakeHosts, allowed: readonly string[] = []): KindContext {
  return {
    hosts,
    cluster: "dev",
    urn: "urn",
    status: () => undefined,
    tell: () => undefined,
    signal: new AbortController().signal,
    allowed: (_variable, name) => allowed.includes(name),
  };
}
