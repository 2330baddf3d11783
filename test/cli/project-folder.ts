import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../cli/main";
import { fakeConsole } from "./fake-console";

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A folder with a Pulumi project, and the command line in it. */
export class ProjectFolder {
  readonly path = mkdtempSync(join(tmpdir(), "muster-cli-"));

  constructor() {
    this.write("Pulumi.yaml", 'name: demo\nruntime: nodejs\nbackend: {url: "file://./.muster"}\n');
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.path, file), text);
  }

  /** @param terminal somebody sits there and types `input` */
  async muster(
    argv: readonly string[],
    { input = "", terminal = false, env = {} as Record<string, string>, withoutPassphrase = false } = {},
  ): Promise<Ended> {
    const console = fakeConsole({
      cwd: this.path,
      env: { ...(!withoutPassphrase && { PULUMI_CONFIG_PASSPHRASE: "x" }), ...env },
      input,
      terminal,
    });
    const code = await main(argv, console);
    return { code, out: console.stdout(), err: console.stderr() };
  }

  /** For commands that must do well. @returns standard output */
  async does(...argv: string[]): Promise<string> {
    const { code, out, err } = await this.muster(argv);
    if (code !== 0) throw new Error(`muster ${argv.join(" ")}: exit ${code}\n${err}`);
    return out;
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}
