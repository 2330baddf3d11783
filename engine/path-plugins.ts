import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parse } from "yaml";
import type { PluginHost } from "./run";

const VENDORED_TYPESCRIPT = join(__dirname, "program/vendored-typescript.js");
const MANIFEST = "PulumiPlugin.yaml";

/**
 * Provider plugins named by path in Pulumi.yaml: an executable `pulumi-resource-<package>`, or a Node program (PulumiPlugin.yaml,
 * `runtime: nodejs`), that prints its port or socket as its first line. A server of its own for each provider resource, as stock has it.
 */
export class PathPlugins implements PluginHost {
  private readonly children: ChildProcess[] = [];

  constructor(
    /** Folder by package; Project.pluginPaths. */
    private readonly paths: ReadonlyMap<string, string>,
    private readonly projectRoot: string,
  ) {}

  has(packageName: string): boolean {
    return this.paths.has(packageName);
  }

  /** @throws Error naming the package, if it is not there, neither executable nor Node program, or ends before it listens */
  async address(packageName: string, _version: string | undefined, engineAddress: string): Promise<string> {
    const folder = this.paths.get(packageName);
    if (folder === undefined) {
      throw new Error(
        `package '${packageName}' is not served by the embedded engine, and Pulumi.yaml names no path for it under plugins.providers.\n` +
          "Add one, or use --engine pulumi with the stock Pulumi CLI.",
      );
    }
    const child = this.spawn(packageName, folder, engineAddress);
    this.children.push(child);
    return firstLine(child, packageName);
  }

  /** Ends all servers that this has started. */
  close(): void {
    for (const child of this.children) if (child.exitCode === null) child.kill("SIGKILL");
  }

  private spawn(packageName: string, folder: string, engineAddress: string): ChildProcess {
    const executable = join(folder, `pulumi-resource-${packageName}`);
    const [program, ...argv] = existsSync(executable)
      ? [executable]
      : this.nodeProgram(packageName, folder, executable);
    return spawn(program ?? "", [...argv, engineAddress], {
      cwd: this.projectRoot,
      env: { ...process.env, PULUMI_CONFIG_PASSPHRASE: undefined, PULUMI_CONFIG_PASSPHRASE_FILE: undefined },
      // The input is never written to: where it ends, a plugin knows that its engine is gone.
      stdio: ["pipe", "pipe", "pipe"],
    });
  }

  private nodeProgram(packageName: string, folder: string, executable: string): string[] {
    const manifest = join(folder, MANIFEST);
    if (!existsSync(manifest)) throw new Error(`package '${packageName}': no ${manifest}, and no ${executable}`);
    const { runtime } = (parse(readFileSync(manifest, "utf8")) ?? {}) as {
      runtime?: string | { name?: string; options?: object };
    };
    const name = typeof runtime === "string" ? runtime : runtime?.name;
    if (name !== "nodejs") {
      throw new Error(
        `${manifest}: runtime '${String(name)}': the embedded engine starts nodejs plugins and executables only.\nUse --engine pulumi with the stock Pulumi CLI.`,
      );
    }
    const options = (typeof runtime === "object" ? runtime.options : undefined) as { typescript?: boolean } | undefined;
    // The SDK's runner always loads a TypeScript compiler; what needs none is started without it.
    const starter =
      options?.typescript === false
        ? []
        : [createRequire(join(this.projectRoot, "index.js")).resolve("@pulumi/pulumi/cmd/run-plugin")];
    return [process.execPath, "--require", VENDORED_TYPESCRIPT, ...starter, folder];
  }
}

function firstLine(child: ChildProcess, packageName: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const errors: string[] = [];
    child.stderr?.on("data", (chunk: Buffer) => errors.push(chunk.toString()));
    if (child.stdout) {
      createInterface({ input: child.stdout }).once("line", line => {
        const address = line.trim();
        resolve(/^\d+$/.test(address) ? `127.0.0.1:${address}` : address);
      });
    }
    child.once("error", reject);
    child.once("close", code =>
      reject(
        new Error(
          `the plugin of package '${packageName}' ended with code ${code} before it listened:\n${errors.join("")}`,
        ),
      ),
    );
  });
}
