import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { StackConfig } from "../config-values";
import { type Project, programOf } from "../project";

export interface ProgramOptions {
  readonly project: Project;
  readonly stack: string;
  /** `unix:/path` of monitor and engine. */
  readonly address: string;
  readonly dryRun: boolean;
  readonly parallel: number;
  readonly config: StackConfig;
  /** An error in it was handled by nothing: it has failed, although it may go on. */
  onFailed(): void;
  onLine(line: string, stream: "stdout" | "stderr"): void;
}

const PRELOADED = ["tells-failure.js", "uncoloured-errors.js", "lean-sdk.js", "vendored-typescript.js"];

/** Exit code of cmd/run after an error that it has reported by itself. */
const ALREADY_REPORTED = 32;

/** The user's program under `@pulumi/pulumi/cmd/run`, started as the stock language host starts it. */
export class Program {
  private readonly child: ChildProcess;
  /** Undefined: it ended well. Otherwise what to say about it; empty if it has said all itself. */
  readonly ended: Promise<string | undefined>;

  constructor(options: ProgramOptions) {
    const { project, config } = options;
    const { folder, entry } = programOf(project);
    const runner = createRequire(join(folder, "index.js")).resolve("@pulumi/pulumi/cmd/run");
    const args = [
      ...nodeArguments(project),
      ...PRELOADED.flatMap(file => ["--require", join(__dirname, file)]),
      runner,
      `--monitor=${options.address}`,
      `--engine=${options.address}`,
      "--organization=organization",
      `--project=${project.name}`,
      `--root-directory=${project.root}`,
      `--stack=${options.stack}`,
      `--pwd=${folder}`,
      ...(options.dryRun ? ["--dry-run"] : []),
      `--parallel=${options.parallel}`,
      entry,
    ];
    this.child = spawn(process.execPath, args, {
      cwd: folder,
      env: {
        ...process.env,
        PULUMI_CONFIG: JSON.stringify(config.texts),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(config.secretKeys),
        PULUMI_NODEJS_TYPESCRIPT: project.runtimeOptions.typescript === false ? "" : "true",
        // The passphrase opens the whole state; the program has no use for it.
        PULUMI_CONFIG_PASSPHRASE: undefined,
        PULUMI_CONFIG_PASSPHRASE_FILE: undefined,
      },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.child.on("message", () => options.onFailed());
    for (const stream of ["stdout", "stderr"] as const) {
      const pipe = this.child[stream];
      if (pipe) createInterface({ input: pipe }).on("line", line => options.onLine(line, stream));
    }
    this.ended = new Promise(resolve => {
      this.child.once("error", error => resolve(`the program could not be started: ${error.message}`));
      this.child.once("close", (code, signal) => {
        if (code === 0) resolve(undefined);
        else if (code === ALREADY_REPORTED) resolve("");
        else
          resolve(
            signal === null
              ? `an unhandled error occurred: Program exited with non-zero exit code: ${code}`
              : `the program was ended by ${signal}`,
          );
      });
    });
  }

  kill(): void {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGKILL");
  }
}

function nodeArguments(project: Project): string[] {
  const given = project.runtimeOptions.nodeargs;
  return typeof given === "string" ? given.split(" ").filter(argument => argument !== "") : [];
}
