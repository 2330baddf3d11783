import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { transformSync } from "@swc/core";
import type { CallPattern, ScenarioStep } from "./scenario";

const ROOT = resolve(__dirname, "../../..");
export const PASSPHRASE = "corpus-passphrase";

/** Programs and provider are compiled once: ts-node and its compiler would be half of the time of a step. */
const PLAIN_RUNTIME = "{name: nodejs, options: {typescript: false}}";
const PULUMI_YAML = `name: corpus
runtime: ${PLAIN_RUNTIME}
description: conformance corpus
main: index.js
plugins:
  providers:
    - name: probe
      path: ./provider
`;

function compiled(file: string): string {
  return transformSync(readFileSync(file, "utf8"), {
    jsc: { parser: { syntax: "typescript" }, target: "es2020", transform: { useDefineForClassFields: false } },
    module: { type: "commonjs", ignoreDynamic: true },
  }).code;
}

/** The project of a scenario in a folder of its own: state, program, and the world that the provider keeps. */
export class ScenarioProject {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "muster-corpus-")));

  constructor(private readonly scenarioFolder: string) {
    for (const folder of ["state", "world", ".home", "provider"]) mkdirSync(join(this.root, folder));
    writeFileSync(this.path("Pulumi.yaml"), PULUMI_YAML);
    writeFileSync(this.path("package.json"), '{"name":"probe-corpus","main":"index.js"}');
    writeFileSync(this.path("probe.js"), compiled(join(__dirname, "sdk/probe.ts")));
    writeFileSync(this.path("provider/index.js"), compiled(join(__dirname, "provider/index.ts")));
    writeFileSync(this.path("provider/package.json"), '{"name":"pulumi-probe","version":"0.1.0","main":"index.js"}');
    writeFileSync(this.path("provider/PulumiPlugin.yaml"), `runtime: ${PLAIN_RUNTIME}\n`);
    symlinkSync(join(ROOT, "node_modules"), this.path("node_modules"));
  }

  path(...parts: readonly string[]): string {
    return join(this.root, ...parts);
  }

  /** What the engine runs with. */
  get environment(): NodeJS.ProcessEnv {
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith("PULUMI_"));
    return {
      ...Object.fromEntries(own),
      PULUMI_HOME: this.path(".home"),
      PULUMI_BACKEND_URL: "file://./state",
      PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_DISABLE_CI_DETECTION: "true",
      PULUMI_DEBUG_COMMANDS: "true",
      NODE_OPTIONS: `--require ${join(ROOT, "engine/program/vendored-typescript.js")}`,
      NO_COLOR: "1",
      TZ: "UTC",
      PROBE_WORLD: this.path("world"),
    };
  }

  use(program: string): void {
    writeFileSync(this.path("index.js"), compiled(join(this.scenarioFolder, program)));
  }

  change(world: ScenarioStep["world"]): void {
    for (const { file, merge, delete: gone } of world ?? []) {
      const path = this.path("world", file);
      if (gone) unlinkSync(path);
      else {
        mkdirSync(join(path, ".."), { recursive: true });
        const before = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
        writeFileSync(path, JSON.stringify({ ...before, ...merge }));
      }
    }
  }

  /** The provider's objects. */
  world(): Record<string, unknown> {
    const folder = this.path("world/things");
    if (!existsSync(folder)) return {};
    const files = readdirSync(folder).sort();
    return Object.fromEntries(files.map(file => [file, JSON.parse(readFileSync(join(folder, file), "utf8"))]));
  }

  /** The calls of the provider since the last time. */
  takeCalls(): Record<string, unknown>[] {
    const calls = this.calls();
    rmSync(this.path("world/calls.log"), { force: true });
    return calls;
  }

  hasSeen({ method, name }: CallPattern): boolean {
    return this.calls().some(
      call => call.method === method && String(call.urn ?? "").endsWith(`::${name}`) && call.preview !== true,
    );
  }

  private calls(): Record<string, unknown>[] {
    const file = this.path("world/calls.log");
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, "utf8").split("\n");
    // What follows the last line feed is still being written.
    return lines.slice(0, -1).map(line => JSON.parse(line));
  }

  config(): string | null {
    const file = this.path("Pulumi.dev.yaml");
    return existsSync(file) ? readFileSync(file, "utf8") : null;
  }

  locks(): string[] {
    const folder = this.path("state/.pulumi/locks");
    if (!existsSync(folder)) return [];
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
    return files.map(entry => join(entry.parentPath, entry.name).slice(this.path("state/").length)).sort();
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
