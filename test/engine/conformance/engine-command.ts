import { execFileSync, spawn, spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { exportStack } from "../../../engine/stacks";
import { PASSPHRASE, type ScenarioProject } from "./project";

const CLI = resolve(__dirname, "../../../dist/cli/main.js");

/** An engine under test: its command line, and how a stack's whole state is read. */
export interface EngineCommand {
  readonly name: "embedded" | "stock";
  readonly argv: readonly string[];
  exported(project: ScenarioProject): Promise<unknown>;
}

export const EMBEDDED: EngineCommand = {
  name: "embedded",
  argv: [process.execPath, CLI, "--engine", "embedded"],
  // Not through the command line: reading the state is no part of a step, and each start would unlock it anew.
  exported: async project => {
    const before = process.env.PULUMI_BACKEND_URL;
    process.env.PULUMI_BACKEND_URL = `file://${project.path("state")}`;
    try {
      return await exportStack({ projectRoot: project.root, stack: "dev", passphrase: PASSPHRASE }, true);
    } finally {
      if (before === undefined) delete process.env.PULUMI_BACKEND_URL;
      else process.env.PULUMI_BACKEND_URL = before;
    }
  },
};

/** The stock CLI, if there is one on the PATH. */
export function stockCommand(): EngineCommand | undefined {
  const pulumi = (process.env.PATH ?? "")
    .split(delimiter)
    .map(folder => join(folder, "pulumi"))
    .find(isProgram);
  if (pulumi === undefined) return undefined;
  return {
    name: "stock",
    argv: [pulumi],
    exported: async project => {
      const argv = ["stack", "export", "--show-secrets", "--non-interactive"];
      return JSON.parse(execFileSync(pulumi, argv, { cwd: project.root, env: project.environment, encoding: "utf8" }));
    },
  };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface Ended {
  readonly exit: number;
  readonly output: string;
}

/** A command that runs, and what came of it. */
export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
}

export function start(argv: readonly string[], project: ScenarioProject, mark: string): Running {
  const [program = "", ...rest] = argv;
  const child = spawn(program, rest, {
    cwd: project.root,
    env: { ...project.environment, PROBE_RUN: mark },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", chunk => chunks.push(chunk));
  child.stderr.on("data", chunk => chunks.push(chunk));
  const ended = new Promise<Ended>((done, failed) => {
    child.once("error", failed);
    child.once("exit", (code, signal) => {
      done({ exit: signal === "SIGKILL" ? -9 : (code ?? -1), output: Buffer.concat(chunks).toString() });
    });
  });
  return { pid: child.pid ?? 0, ended };
}

export function runNow(argv: readonly string[], project: ScenarioProject): void {
  const [program = "", ...rest] = argv;
  const { status, stderr } = spawnSync(program, rest, {
    cwd: project.root,
    env: project.environment,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
}
