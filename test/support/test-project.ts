import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { EngineEvent } from "../../engine/events";
import { type RunKind, type RunOptions, type RunResult, run } from "../../engine/run";
import { initStack } from "../../engine/stacks";
import type { TestProvider } from "./test-provider";

/** A thing of the test program: inputs, and the names of the things that it takes a value from. */
export interface WantedThing {
  readonly inputs: Record<string, unknown>;
  readonly from?: readonly string[];
  readonly secret?: boolean;
}

const PROGRAM = `
const fs = require("fs");
const pulumi = require("@pulumi/pulumi");
const wanted = JSON.parse(fs.readFileSync(__dirname + "/wanted.json", "utf8"));
const things = {};
for (const [name, { inputs, from = [], secret }] of Object.entries(wanted.things)) {
  const args = { ...inputs, made: undefined };
  if (secret) args.value = pulumi.secret(args.value);
  for (const other of from) args["from_" + other] = things[other].id;
  things[name] = new (class extends pulumi.CustomResource {})("demo:index:Thing", name, args);
}
if (wanted.throws) throw new pulumi.RunError(wanted.throws);
for (const [name, thing] of Object.entries(things)) exports[name] = thing.value;
`;

/** A Pulumi project in a folder of its own, with a program that makes what `want` says. */
export class TestProject {
  readonly events: EngineEvent[] = [];
  passphrase = "correct horse";

  private constructor(
    readonly root: string,
    readonly address: string,
  ) {}

  static async create(provider: TestProvider): Promise<TestProject> {
    const root = mkdtempSync(join(tmpdir(), "muster-project-"));
    writeFileSync(
      join(root, "Pulumi.yaml"),
      [
        "name: demo",
        "runtime: {name: nodejs, options: {typescript: false}}",
        "main: index.js",
        "backend: {url: file://./state}",
        "",
      ].join("\n"),
    );
    writeFileSync(join(root, "package.json"), '{"name":"demo","main":"index.js"}');
    writeFileSync(join(root, "index.js"), PROGRAM);
    symlinkSync(resolve(__dirname, "../../node_modules"), join(root, "node_modules"));
    const project = new TestProject(root, await provider.listen());
    await initStack({ projectRoot: root, stack: "dev", passphrase: project.passphrase });
    return project;
  }

  want(things: Record<string, WantedThing>, throws?: string): void {
    writeFileSync(join(this.root, "wanted.json"), JSON.stringify({ things, throws }));
  }

  /** Another program; what it exports becomes the stack's outputs. */
  program(text: string): void {
    writeFileSync(join(this.root, "index.js"), text);
  }

  /** Another Pulumi.yaml. */
  settings(text: string): void {
    writeFileSync(join(this.root, "Pulumi.yaml"), text);
  }

  async run(kind: RunKind, options: Partial<RunOptions> = {}): Promise<RunResult> {
    this.events.length = 0;
    return run({
      kind,
      projectRoot: this.root,
      stack: "dev",
      passphrase: this.passphrase,
      plugins: { address: async () => this.address },
      parallel: 4,
      onEvent: event => this.events.push(event),
      ...options,
    });
  }

  /** Operations of the last run, `op name`, without what stayed the same. */
  get steps(): string[] {
    return this.events.flatMap(({ resourcePreEvent: event }) => {
      if (event === undefined || event.metadata.op === "same") return [];
      return [`${event.metadata.op} ${event.metadata.urn.split("::").pop()}`];
    });
  }

  get errors(): string[] {
    return this.events.flatMap(({ diagnosticEvent: event }) => (event?.severity === "error" ? [event.message] : []));
  }

  get checkpoint(): {
    resources?: { urn: string; id?: string; outputs?: Record<string, unknown> }[];
    pending_operations?: unknown[];
  } {
    return JSON.parse(this.checkpointText).checkpoint.latest;
  }

  get checkpointText(): string {
    return readFileSync(join(this.root, "state/.pulumi/stacks/demo/dev.json"), "utf8");
  }

  /** Copies the state folder: what a kill at this moment would leave. */
  saveState(): void {
    cpSync(join(this.root, "state"), join(this.root, "saved"), { recursive: true });
  }

  /** Puts the copy back. */
  restoreState(): void {
    if (!existsSync(join(this.root, "saved"))) throw new Error("no state was saved");
    rmSync(join(this.root, "state"), { recursive: true });
    cpSync(join(this.root, "saved"), join(this.root, "state"), { recursive: true });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
