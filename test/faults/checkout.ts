import * as fs from "node:fs";
import * as path from "node:path";
import type { EngineEvent } from "../../engine/events";
import { type CommandOptions, type Finished, run, start } from "../support/command";
import { source } from "./site";

/** A folder with a Pulumi project of its own, whose program is compiled in this checkout; its stack is `dev`. */
export class Checkout {
  readonly folder: string;

  /** `program`: below `dist`. `project`: its name. */
  constructor(parent: string, project: string, program: string) {
    this.folder = fs.mkdtempSync(path.join(parent, `${project}-`));
    fs.symlinkSync(path.join(source, "node_modules"), path.join(this.folder, "node_modules"));
    const main = JSON.stringify(path.join(source, "dist", program));
    fs.writeFileSync(path.join(this.folder, "index.js"), `module.exports = require(${main});\n`);
    fs.writeFileSync(path.join(this.folder, "package.json"), '{"main": "index.js"}\n');
    fs.writeFileSync(
      path.join(this.folder, "Pulumi.yaml"),
      [
        `name: ${project}`,
        "runtime: {name: nodejs, options: {typescript: false}}",
        "backend: {url: file://./.muster}",
        "options: {refresh: always}",
        `plugins: {providers: [{name: muster, path: ${path.join(source, "provider")}}]}`,
        "",
      ].join("\n"),
    );
  }

  /** `muster up --yes`, left running. */
  startUp(options: UpOptions = {}) {
    const { through = [], flags = [], ...rest } = options;
    const argv = [...through, process.execPath, ...this.argv("up", "--yes", "--skip-preview", "--json", ...flags)];
    return start(argv[0] ?? "", argv.slice(1), { ...this.command(), ...rest });
  }

  async up(options: UpOptions = {}): Promise<Up> {
    return new Up(await this.startUp(options).finished);
  }

  async muster(verb: string, ...flags: string[]): Promise<Finished> {
    return run(process.execPath, this.argv(verb, ...flags), this.command());
  }

  /** A stock CLI in the same folder, left running. */
  startStock(pulumi: string, ...argv: string[]) {
    const { env, ...rest } = this.command();
    const home = path.join(this.folder, ".pulumi-home");
    return start(pulumi, [...argv, "--stack", "dev", "--non-interactive"], {
      ...rest,
      env: { ...env, PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_CONTINUE_ON_ERROR: "true" },
    });
  }

  /** Whether an operation holds the stack. */
  isLocked(): boolean {
    const locks = path.join(this.folder, ".muster/.pulumi/locks");
    return (
      fs.existsSync(locks) && fs.readdirSync(locks, { recursive: true }).some(file => String(file).endsWith(".json"))
    );
  }

  private argv(verb: string, ...flags: string[]): string[] {
    return [path.join(source, "dist/cli/main.js"), "--cwd", this.folder, verb, "-s", "dev", ...flags];
  }

  private command(): CommandOptions {
    return { cwd: this.folder, env: { PULUMI_CONFIG_PASSPHRASE: "fault tests" }, deadlineSeconds: 280 };
  }
}

export interface UpOptions extends CommandOptions {
  /** A program that runs it, with its arguments. */
  readonly through?: readonly string[];
  readonly flags?: readonly string[];
}

/** An `up` that has ended. */
export class Up {
  constructor(readonly finished: Finished) {}

  get code(): number {
    return this.finished.code;
  }

  /** What the person was told: every error and warning, and what did not fit in there. */
  get told(): string {
    return [...this.messages, this.finished.stderr].join("\n");
  }

  /** Errors and warnings that name a host. */
  toldOf(host: string): string {
    return this.messages.filter(message => message.includes(host)).join("\n");
  }

  private get messages(): string[] {
    return this.events.flatMap(({ diagnosticEvent }) => (diagnosticEvent ? [diagnosticEvent.message] : []));
  }

  /** `update node-1-text`: what was carried out. */
  get changes(): string[] {
    return this.events.flatMap(event => {
      const step = event.resOutputsEvent?.metadata;
      if (!step || ["same", "refresh", "read"].includes(step.op)) return [];
      return [`${step.op} ${step.urn.split("::").at(-1)}`];
    });
  }

  private get events(): EngineEvent[] {
    return this.finished.stdout
      .split("\n")
      .filter(line => line.startsWith("{"))
      .map(line => JSON.parse(line) as EngineEvent);
  }
}
