import * as fs from "node:fs";
import * as path from "node:path";
import type { EngineEvent } from "../../engine/events";
import { type CommandOptions, type Finished, run, start } from "../support/command";
import { checkout } from "./site";

const program = () => path.join(checkout(), "dist/cli/main.js");

/** `npx muster …` in the checkout under test. */
export function muster(args: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  return run(process.execPath, [program(), ...args], { cwd: checkout(), deadlineSeconds: 280, ...options });
}

/** The same, left running. */
export function startMuster(args: readonly string[], options: CommandOptions = {}) {
  return start(process.execPath, [program(), ...args], { cwd: checkout(), deadlineSeconds: 280, ...options });
}

/** Events of a run with `--json`. */
export function events(finished: Finished): EngineEvent[] {
  return finished.stdout
    .split("\n")
    .filter(line => line.startsWith("{"))
    .map(line => JSON.parse(line) as EngineEvent);
}

/** "create dev-node-1-container" and the like: the steps that changed something, in the order they ended. */
export function changes(finished: Finished): string[] {
  return events(finished).flatMap(event => {
    const step = event.resOutputsEvent?.metadata;
    if (!step || ["same", "refresh", "read"].includes(step.op)) return [];
    return [`${step.op} ${step.urn.split("::").at(-1)}`];
  });
}

/** One of the stack's outputs. */
export async function output(name: string): Promise<unknown> {
  const done = await muster(["stack", "output", "-s", "dev", "--json", "--show-secrets"]);
  if (done.code !== 0) throw new Error(done.stdout + done.stderr);
  return (JSON.parse(done.stdout) as Record<string, unknown>)[name];
}

/** `up`, which must succeed. */
export async function up(options: CommandOptions = {}): Promise<Finished> {
  const done = await muster(["up", "-s", "dev", "--yes", "--skip-preview", "--json"], options);
  if (done.code !== 0) throw new Error(`up: exit ${done.code}\n${done.stderr}\n${done.stdout.slice(-6000)}`);
  return done;
}

/** Edits a file of the checkout; the returned function brings the old text back. */
export function edit(file: string, change: (text: string) => string): () => void {
  const full = path.join(checkout(), file);
  const before = fs.readFileSync(full, "utf8");
  const after = change(before);
  if (after === before) throw new Error(`the edit of ${file} changed nothing`);
  fs.writeFileSync(full, after);
  return () => fs.writeFileSync(full, before);
}
