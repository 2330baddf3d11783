import { ABSENT, type Fact, type Topic } from "./fact";
import { oursFunction } from "./ours";

/** A TCP port that something else than the cluster itself listens on. */
export interface PortHolder {
  readonly port: number;
  /** Name of the program; absent where the kernel does not tell, as of a server in the kernel. */
  readonly program?: string;
}

export type PortHolders = Fact<readonly PortHolder[]>;

/** Which of these TCP ports are taken on a host by others. What the cluster's own containers and jobs listen on does not count. */
export function portHolders(cluster: string, ports: readonly number[]): Topic<readonly PortHolder[]> {
  const wanted = ports.map(port => `sport = :${port}`).join(" or ");
  return {
    snippet:
      ports.length === 0
        ? `exit ${ABSENT}`
        : `command -v ss >/dev/null || { echo "ss is not installed (Debian: apt install iproute2)"; exit 1; }
${oursFunction(cluster)}
found=$(ss -Hlntp '${wanted}') || exit 1
echo "$found" | while read -r _ _ _ address _ users; do
  [ -n "$address" ] || continue
  pid=$(echo "$users" | sed -n 's/.*[(,]pid=\\([0-9]*\\).*/\\1/p')
  program=$(echo "$users" | sed -n 's/^users:(("\\([^"]*\\)".*/\\1/p')
  [ -n "$pid" ] && ours "$pid" && continue
  echo "taken \${address##*:} $program"
done`,
    parse(output) {
      const found = new Map<number, PortHolder>();
      for (const [, port, program] of output.matchAll(/^taken (\d+)(?: (.+))?$/gm)) {
        found.set(Number(port), { port: Number(port), ...(program !== undefined && { program }) });
      }
      return [...found.values()].sort((a, b) => a.port - b.port);
    },
  };
}
