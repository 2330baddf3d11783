import { spawn } from "node:child_process";

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly input?: string;
  readonly deadlineSeconds?: number;
}

/** Runs a program and waits for its end. A program that outlives its deadline is killed, and that is an error. */
export function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  return start(program, args, options).finished;
}

/** Starts a program in a process group of its own. */
export function start(program: string, args: readonly string[], options: CommandOptions = {}) {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", chunk => {
    stdout += chunk;
  });
  child.stderr.on("data", chunk => {
    stderr += chunk;
  });
  child.stdin.end(options.input ?? "");
  const killGroup = (signal: NodeJS.Signals) => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, signal);
  };
  const finished = new Promise<Finished>((resolve, reject) => {
    const deadline = setTimeout(
      () => {
        killGroup("SIGKILL");
        reject(new Error(`${program} ${args.join(" ")} ran past its deadline\n${stdout}\n${stderr}`));
      },
      (options.deadlineSeconds ?? 240) * 1000,
    );
    child.on("error", error => {
      clearTimeout(deadline);
      reject(error);
    });
    child.on("close", (code, signal) => {
      clearTimeout(deadline);
      resolve({ code: code ?? (signal === "SIGKILL" ? 137 : 143), stdout, stderr });
    });
  });
  return { finished, killGroup, output: () => stdout + stderr };
}

/** Asks until the answer is there; fails with the last answer at the deadline. Between two questions it waits a little. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, deadlineSeconds = 60): Promise<T> {
  const end = Date.now() + deadlineSeconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`not within ${deadlineSeconds} s: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 200));
  }
}
