import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const root = path.join(__dirname, "..", "..");
export const toolsFolder = path.join(root, "recipes", "tools");

/**
 * Simulated nodes: one folder each, with a stand-in for ssh that runs the command with the node's own folder
 * replaced by the other's. Every call is logged, so that a test can count copies.
 */
export class SimulatedNodes {
  readonly base = fs.mkdtempSync(path.join(os.tmpdir(), "muster-nodes-"));
  readonly ssh: string;

  constructor(readonly names: readonly string[]) {
    for (const name of names) fs.mkdirSync(path.join(this.base, name, "out"), { recursive: true });
    this.ssh = this.sshFrom(names[0] ?? "");
  }

  /** The ssh of a node. */
  sshFrom(name: string): string {
    const file = path.join(this.base, `ssh-${name}`);
    const script = [
      "#!/bin/bash",
      'peer=$1; shift; line="$*"',
      `echo "$peer $line" >>${this.base}/ssh.log`,
      `[ -d "${this.base}/$peer" ] || { echo "ssh: connect to host $peer: No route to host" >&2; exit 255; }`,
      `exec sh -c "\${line//${this.base.replaceAll("/", "\\/")}\\/${name}\\//${this.base}/$peer/}"`,
    ];
    fs.writeFileSync(file, `${script.join("\n")}\n`, { mode: 0o755 });
    return file;
  }

  /** The output folder of a node. */
  out(name: string): string {
    return path.join(this.base, name, "out");
  }

  /** One more node; returns its output folder. */
  add(name: string): string {
    fs.mkdirSync(this.out(name), { recursive: true });
    return this.out(name);
  }

  log(): string {
    const file = path.join(this.base, "ssh.log");
    return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
  }

  remove(): void {
    fs.rmSync(this.base, { recursive: true, force: true });
  }
}

export interface ToolRun<Result> {
  readonly status: number | null;
  readonly result: Result;
  readonly stderr: string;
}

/** Runs one of recipes/tools; its last line of output is its result. */
export function runTool<Result>(tool: string, argv: readonly string[], env: NodeJS.ProcessEnv = {}): ToolRun<Result> {
  const done = spawnSync("python3", ["-B", path.join(toolsFolder, tool), ...argv], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  const last = done.stdout.trim().split("\n").at(-1) ?? "";
  if (last === "") throw new Error(`${tool} printed nothing: ${done.stderr}`);
  return { status: done.status, result: JSON.parse(last), stderr: done.stderr };
}

/** Writes a synthetic checkpoint (test/support/checkpoint.py). */
export function makeCheckpoint(folder: string, iteration: number, ranks: number, seed = "0"): string {
  const script = path.join(__dirname, "checkpoint.py");
  const done = spawnSync("python3", ["-B", script, folder, String(iteration), String(ranks), seed], {
    encoding: "utf8",
  });
  if (done.status !== 0) throw new Error(done.stderr);
  return path.join(folder, `iter_${String(iteration).padStart(7, "0")}`);
}
