import { quote } from "../remote/shell";

/** A login from one node to another that failed. */
export interface MeshFailure {
  /** The node that was not reached. */
  readonly node: string;
  /** The last words of ssh. */
  readonly reason: string;
}

/** Logins at the same time. */
const AT_ONCE = 8;

/**
 * Logs in to other nodes as jobs do: with the mesh's key, strict host keys, no question asked. `ssh` and `into` are argument lists: the
 * program, and what runs a shell where jobs run.
 */
export function meshScript(into: string, ssh: string, nodes: readonly string[], seconds: number): string {
  const inner = `try() {
  said=$(timeout ${seconds} ${ssh} -n -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=${seconds} "$1" true 2>&1)
  code=$?
  [ "$code" != 124 ] || said="no answer in ${seconds} s"
  [ "$code" = 0 ] || echo "failed $1 $(echo "$said" | tr -d '\\r' | grep -v '^ *$' | tail -n 1)"
}
count=0
for node in ${nodes.map(quote).join(" ")}; do
  try "$node" &
  count=$((count + 1))
  [ $((count % ${AT_ONCE})) != 0 ] || wait
done
wait
echo done`;
  return `${into} ${quote(inner)} 2>&1\n`;
}

/** @throws Error when the trial itself did not come to its end */
export function parseMesh(output: string): MeshFailure[] {
  if (!/^done$/m.test(output)) throw new Error(output.trim().slice(-300) || "it gave no answer");
  return [...output.matchAll(/^failed (\S+) (.*)$/gm)].map(([, node = "", reason = ""]) => ({ node, reason }));
}
