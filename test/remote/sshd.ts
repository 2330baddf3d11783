import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { HostConnection } from "../../remote/host-table";
import { leashed } from "../support/leash";

/** A real OpenSSH server on a free loopback port, with keys and files of its own in a temporary folder. */
export class Sshd {
  private constructor(
    readonly folder: string,
    readonly port: number,
    private readonly process: ChildProcess,
    private readonly lines: string[],
  ) {}

  /** `settings` are lines of sshd_config; they come first, so they win. */
  static async start(settings: readonly string[] = []): Promise<Sshd> {
    for (;;) {
      const started = await Sshd.onFreePort(settings);
      if (started !== undefined) return started;
    }
  }

  /** Undefined if somebody else took the port in the meantime. */
  private static async onFreePort(settings: readonly string[]): Promise<Sshd | undefined> {
    const folder = mkdtempSync(path.join(tmpdir(), "muster-sshd-"));
    const port = await freePort();
    for (const name of ["host_key", "client_key"]) {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path.join(folder, name)]);
    }
    writeFileSync(path.join(folder, "authorized_keys"), readFileSync(path.join(folder, "client_key.pub")));
    const config = [
      ...settings,
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${folder}/host_key`,
      `AuthorizedKeysFile ${folder}/authorized_keys`,
      `PidFile ${folder}/pid`,
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "PermitRootLogin prohibit-password",
      "LogLevel VERBOSE",
    ];
    writeFileSync(path.join(folder, "sshd_config"), `${config.join("\n")}\n`);
    // OpenSSH 9.2 in Debian wants this folder even if it is unused.
    execFileSync("mkdir", ["-p", "/run/sshd"]);
    const child = spawn(...leashed("/usr/sbin/sshd", "-D", "-e", "-f", path.join(folder, "sshd_config")), {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const lines: string[] = [];
    const listens = await new Promise<boolean>((resolve, reject) => {
      createInterface({ input: child.stderr }).on("line", line => {
        lines.push(line);
        if (line.startsWith("Server listening on")) resolve(true);
      });
      child.once("exit", code => {
        rmSync(folder, { recursive: true, force: true });
        if (lines.some(line => line.includes("Address already in use"))) resolve(false);
        else reject(new Error(`sshd ended with ${code}: ${lines.join("\n")}`));
      });
    });
    return listens ? new Sshd(folder, port, child, lines) : undefined;
  }

  /** Its entry in a host table, with its own key pinned. */
  host(changes: Partial<HostConnection> = {}): HostConnection {
    return {
      name: "node-1",
      address: "127.0.0.1",
      port: this.port,
      user: "root",
      identityFile: path.join(this.folder, "client_key"),
      agent: "none",
      hostKeys: [this.hostKey()],
      ...changes,
    };
  }

  hostKey(): string {
    return readFileSync(path.join(this.folder, "host_key.pub"), "utf8").trim();
  }

  /** What `ssh-keygen -lf` says of its host key. */
  fingerprint(): string {
    const printed = execFileSync("ssh-keygen", ["-lf", path.join(this.folder, "host_key.pub")], { encoding: "utf8" });
    return printed.split(" ")[1] ?? "";
  }

  /** Lines of its log that match, so far. */
  count(pattern: RegExp): number {
    return this.lines.filter(line => pattern.test(line)).length;
  }

  get lineCount(): number {
    return this.lines.length;
  }

  /** Lines of its log from the nth on that match. */
  linesSince(start: number, pattern: RegExp): string[] {
    return this.lines.slice(start).filter(line => pattern.test(line));
  }

  get handshakes(): number {
    return this.count(/^Accepted publickey/);
  }

  get execs(): number {
    return this.count(/^Starting session: command/);
  }

  /** Resolves once a line of the log matches. */
  async logged(pattern: RegExp): Promise<void> {
    while (this.count(pattern) === 0) await new Promise(resolve => this.process.stderr?.once("data", resolve));
  }

  /** Ends the listener and each of its connections. */
  async stop(): Promise<void> {
    const gone = new Promise(resolve => this.process.once("exit", resolve));
    for (const child of childrenOf(this.process.pid)) kill(child);
    this.process.kill("SIGTERM");
    if (this.process.exitCode === null && this.process.signalCode === null) await gone;
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Cuts the connections that are open now; the listener stays. */
  cut(): void {
    for (const child of childrenOf(this.process.pid)) kill(child);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself in between.
  }
}

function childrenOf(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return listed.trim().split(" ").filter(Boolean).map(Number);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise(resolve => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
