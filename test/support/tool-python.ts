import { spawn } from "node:child_process";
import type { Cleanup } from "./cleanup";
import { toolsFolder } from "./nodes";

/** Python of this machine, with the tools at hand. */
export class ToolPython {
  /** `cleanup` ends what a test leaves running. */
  constructor(private readonly cleanup: Cleanup) {}

  run(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number | null; out: string }> {
    const child = spawn("python3", ["-B", ...argv], {
      env: { ...process.env, PYTHONPATH: toolsFolder, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    child.stdout.on("data", chunk => (out += chunk));
    child.stderr.on("data", chunk => (out += chunk));
    this.cleanup.add(() => child.kill("SIGKILL"));
    return new Promise(resolve => child.on("close", code => resolve({ code, out })));
  }

  /** What the code prints as JSON. */
  async evaluate(code: string): Promise<unknown> {
    const { out } = await this.run(["-c", `import json\n${code}`]);
    try {
      return JSON.parse(out);
    } catch {
      throw new Error(`this is no JSON:\n${out}`);
    }
  }
}
