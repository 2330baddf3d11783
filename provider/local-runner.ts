import { spawn } from "node:child_process";
import { StringDecoder } from "node:string_decoder";
import { RemoteError } from "../remote/remote-error";
import type { CommandOptions, CommandResult, Runner } from "../remote/runner";

export interface LocalOptions extends CommandOptions {
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Program and arguments that get the script as their last one. Default `/bin/sh -c`. */
  readonly interpreter?: readonly string[];
}

/** Runs scripts on the operator's own machine, each in a process group of its own that ends with the command. */
export class LocalRunner implements Runner {
  readonly host = "localhost";

  constructor(private readonly environment: Readonly<Record<string, string>> = {}) {}

  query(script: string, options: LocalOptions = {}): Promise<CommandResult> {
    return runLocally(script, { ...options, environment: { ...this.environment, ...options.environment } });
  }

  mutate(_what: string, script: string, options: LocalOptions = {}): Promise<CommandResult> {
    return runLocally(script, { ...options, environment: { ...this.environment, ...options.environment } });
  }

  async access(): Promise<never> {
    throw new Error("localhost is not reached over ssh");
  }
}

function runLocally(script: string, options: LocalOptions): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const [program = "/bin/sh", ...args] = options.interpreter ?? ["/bin/sh", "-c"];
    const child = spawn(program, [...args, script], {
      cwd: options.directory,
      env: { ...process.env, ...options.environment },
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    const killGroup = () => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // The group has ended by itself.
      }
    };
    let failure: RemoteError | undefined;
    const end = (kind: "timeout" | "cancelled", problem: string) => {
      failure ??= new RemoteError({ kind, host: "localhost", address: "this machine", problem });
      killGroup();
    };
    const onAbort = () => end("cancelled", "the command was cancelled");
    options.signal?.addEventListener("abort", onAbort, { once: true });
    const { timeoutSeconds } = options;
    const timer = timeoutSeconds
      ? setTimeout(() => end("timeout", `the command did not end within ${timeoutSeconds} s`), timeoutSeconds * 1000)
      : undefined;
    const done = () => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", onAbort);
    };
    const outputs = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      const decoder = new StringDecoder("utf8");
      child[name].on("data", (chunk: Buffer) => {
        const text = decoder.write(chunk);
        outputs[name] += text;
        options.onOutput?.(text, name);
      });
    }
    // A command may end without reading what it was given.
    child.stdin.on("error", () => {});
    if (typeof options.stdin === "object" && "pipe" in options.stdin) options.stdin.pipe(child.stdin);
    else child.stdin.end(options.stdin ?? "");
    child.on("error", error => {
      done();
      reject(new RemoteError({ kind: "command", host: "localhost", address: "this machine", problem: error.message }));
    });
    child.on("close", (code, signal) => {
      done();
      if (failure) reject(failure);
      else resolve({ exitCode: code ?? (signal === "SIGKILL" ? 137 : 143), ...outputs });
    });
    if (options.signal?.aborted) onAbort();
  });
}
