import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
}

/** A run that takes longer has hung: it is ended, and the bench with it. */
const DEADLINE_SECONDS = 1800;

/** Standard output of a command that must succeed. @throws Error with what it said */
export async function output(command: Command): Promise<Buffer> {
  const { child, ended } = started(command);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on("error", () => {});
  child.stdin.end(command.input ?? "");
  const code = await ended;
  if (code === 0) return Buffer.concat(stdout);
  const said = `${Buffer.concat(stdout).toString().slice(-2000)}${Buffer.concat(stderr).toString().slice(-4000)}`;
  throw new Error(`${command.program} ${command.args.join(" ")} ended with ${code}\n${said}`);
}

export interface Measured {
  readonly seconds: number;
  /** User and system time of the command and all that it waited for. */
  readonly cpuSeconds: number;
  /** Until the first line of standard output that the caller looks for. */
  readonly firstLineSeconds?: number;
}

/**
 * Runs a command that must succeed and measures it; what it says goes to `log`.
 * @throws Error naming the log
 */
export async function measure(command: Command, log: string, firstLine?: RegExp): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "muster-bench-"));
  const times = join(folder, "times");
  // bash's own `time` is the only clock of children's processor time that every machine has.
  const script = `TIMEFORMAT='%U %S'; exec 3>&1 4>&2; { time "$@" >&3 2>&4 3>&- 4>&-; } 2>"$0"`;
  const file = createWriteStream(log);
  try {
    const began = performance.now();
    const { child, ended } = started({
      ...command,
      program: "bash",
      args: ["-c", script, times, command.program, ...command.args],
    });
    let firstLineSeconds: number | undefined;
    let rest = "";
    child.stdout.on("data", (chunk: Buffer) => {
      if (firstLine === undefined || firstLineSeconds !== undefined) return;
      const lines = (rest + chunk.toString()).split("\n");
      rest = lines.pop() ?? "";
      if (lines.some(line => firstLine.test(line))) firstLineSeconds = (performance.now() - began) / 1000;
    });
    child.stdout.pipe(file, { end: false });
    child.stderr.pipe(file, { end: false });
    child.stdin.end();
    const code = await ended;
    const seconds = (performance.now() - began) / 1000;
    if (code !== 0) throw new Error(`${command.program} ${command.args.join(" ")} ended with ${code}; it said: ${log}`);
    const cpuSeconds = readFileSync(times, "utf8")
      .trim()
      .split(/\s+/)
      .reduce((sum, text) => sum + Number(text), 0);
    return { seconds, cpuSeconds, ...(firstLineSeconds !== undefined && { firstLineSeconds }) };
  } finally {
    file.end();
    await finished(file);
    rmSync(folder, { recursive: true });
  }
}

const running = new Set<ChildProcess>();

/** Ends what runs now, with all that it has started; whoever waits for it gets its error. */
export function endRunning(): void {
  for (const child of running) end(child);
}

function end(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
  } catch {
    // It ended by itself in between.
  }
}

function started({ program, args, cwd, env }: Command) {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  running.add(child);
  child.once("close", () => running.delete(child));
  const ended = new Promise<number>((resolve, reject) => {
    const deadline = setTimeout(() => end(child), DEADLINE_SECONDS * 1000);
    child.once("error", error => {
      clearTimeout(deadline);
      reject(error);
    });
    child.once("close", (code, signal) => {
      clearTimeout(deadline);
      resolve(code ?? (signal === "SIGINT" ? 130 : 143));
    });
  });
  return { child, ended };
}
