import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { OperatorError } from "../wire/operator-error";

/** A provider in a process of its own. */
export interface PluginProcess {
  /** Where it listens. The plugin's own SDK chooses a port of the loopback interface; that is not ours to change. */
  readonly address: string;
  stop(): void;
}

/**
 * Starts a provider plugin that is written for Node (PulumiPlugin.yaml, `runtime: nodejs`), as stock's language host does:
 * by the SDK's own `cmd/run-plugin`, which prints the port as its first line.
 */
export async function startNodePlugin(name: string, folder: string, engineAddress: string): Promise<PluginProcess> {
  const entry = runPluginOf(name, folder);
  const child = spawn(process.execPath, [entry, folder, engineAddress], { stdio: ["ignore", "pipe", "inherit"] });
  const port = await firstLine(name, folder, child);
  return { address: `127.0.0.1:${port}`, stop: () => void child.kill() };
}

function runPluginOf(name: string, folder: string): string {
  if (!existsSync(join(folder, "PulumiPlugin.yaml"))) {
    throw new OperatorError({
      summary: `the plugin of package ${name} can't be started`,
      where: folder,
      detail: "it has no PulumiPlugin.yaml",
      remedy:
        "correct plugins.providers in Pulumi.yaml, or use --engine pulumi: the embedded engine starts Node plugins only",
    });
  }
  try {
    return createRequire(join(folder, "package.json")).resolve("@pulumi/pulumi/cmd/run-plugin");
  } catch (error) {
    throw new OperatorError(
      {
        summary: `the plugin of package ${name} can't be started`,
        where: folder,
        detail: "@pulumi/pulumi is not installed beside it",
        remedy: "npm install in that folder; for a plugin that is not written for Node use --engine pulumi",
      },
      { cause: error },
    );
  }
}

async function firstLine(name: string, folder: string, child: ChildProcess): Promise<number> {
  const { stdout } = child;
  if (!stdout) throw new Error("the plugin has no standard output");
  return await new Promise((resolve, reject) => {
    const failed = (detail: string): void =>
      reject(
        new OperatorError({
          summary: `the plugin of package ${name} did not start`,
          where: folder,
          detail,
          remedy: "its own messages stand above",
        }),
      );
    child.once("error", error => failed(error.message));
    child.once("exit", (code, signal) =>
      failed(`it ended with ${signal ?? `exit ${code}`} before it said where it listens`),
    );
    createInterface({ input: stdout }).once("line", line => {
      const port = Number(line.trim());
      if (Number.isInteger(port) && port > 0) resolve(port);
      else failed(`its first line is not a port: ${line}`);
    });
  });
}
