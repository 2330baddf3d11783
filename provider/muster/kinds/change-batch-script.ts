import type { CommandResult } from "../../../remote/runner";
import { quote } from "../../../remote/shell";

/** One small change of a host. */
export interface Change {
  readonly script: string;
  /** What the script reads on standard input; absent: nothing. */
  readonly stdin?: Buffer;
}

/**
 * Changes that go to a host together, as one script and its standard input: first the scripts, each in a subshell of its own, then the
 * contents one after the other. dd takes exactly the bytes of one content, also when its script reads none of them. Each change
 * answers with a frame on both outputs, as in `composeBatch` of remote/batch.ts. The exit code is that of the last one that failed.
 *
 * @param mark random; in no output
 */
export function composeChanges(changes: readonly Change[], mark: string): { script: string; stdin: Buffer } {
  const steps = changes.map(({ script, stdin }) => {
    const apart = `( eval ${quote(script)} )`;
    return `${stdin === undefined ? `${apart} </dev/null` : `${take(stdin.length)} | ${apart}`}\nanswer $?\n`;
  });
  // The shell runs a group only once it has read its end: a part of the text, when the link breaks, is run by nobody.
  const all = Buffer.from(`{\n${answering(mark)}${steps.join("")}exit "$worst"\n}\n`);
  const contents = changes.flatMap(({ stdin }) => stdin ?? []);
  // The scripts come by standard input too: what stands in the command itself, the host's shell reads byte by byte.
  return { script: `s=$(${take(all.length)}) && eval "$s"\n`, stdin: Buffer.concat([all, ...contents]) };
}

function take(bytes: number): string {
  return bytes === 0 ? ":" : `dd bs=${bytes} count=1 iflag=fullblock status=none`;
}

function answering(mark: string): string {
  return `worst=0
answer() {
  [ "$1" = 0 ] || worst=$1
  printf '%s:%s\\n' ${mark} "$1"
  printf '%s:%s\\n' ${mark} "$1" >&2
}
`;
}

/** What each change answered; undefined for those that did not come to it. */
export function parseChanges(result: CommandResult, mark: string, count: number): (CommandResult | undefined)[] {
  const out = frames(result.stdout, mark);
  const err = frames(result.stderr, mark);
  return Array.from({ length: count }, (_, index) => {
    const [own, said] = [out[index], err[index]];
    return own && said && { exitCode: own.code, stdout: own.text, stderr: said.text };
  });
}

function frames(output: string, mark: string): { text: string; code: number }[] {
  return [...output.matchAll(new RegExp(`([\\s\\S]*?)${mark}:(\\d+)\\n`, "g"))].map(([, text = "", code]) => ({
    text,
    code: Number(code),
  }));
}
