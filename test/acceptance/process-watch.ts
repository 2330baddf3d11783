import { readdirSync, readFileSync } from "node:fs";
import type { SimulatedHost } from "./simulated-host";

/** Looks at the command lines of all processes, over and over, of this machine and of hosts, until it is stopped. */
export class ProcessWatch {
  private readonly seen = new Set<string>();
  private readonly timer: NodeJS.Timeout;

  private constructor(private readonly hosts: readonly SimulatedHost[]) {
    this.timer = setInterval(() => this.look(), 20);
  }

  static async start(hosts: readonly SimulatedHost[]): Promise<ProcessWatch> {
    for (const host of hosts) {
      await host.ask(`: >/run/process-watch; setsid sh -c 'while [ -e /run/process-watch ]; do
        for p in /proc/[0-9]*; do tr "\\\\0" " " <$p/cmdline; echo; done 2>/dev/null >>/run/process-watch
      done' >/dev/null 2>&1 </dev/null &`);
    }
    return new ProcessWatch(hosts);
  }

  /** Every command line that was seen, one a line. */
  async stop(): Promise<string> {
    clearInterval(this.timer);
    const elsewhere = await Promise.all(
      this.hosts.map(host => host.ask("mv /run/process-watch /run/watched; sort -u /run/watched; rm -f /run/watched")),
    );
    return [...this.seen, ...elsewhere].join("\n");
  }

  private look(): void {
    for (const entry of readdirSync("/proc")) {
      if (!/^\d+$/.test(entry)) continue;
      try {
        this.seen.add(readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " "));
      } catch {
        // It ended in between.
      }
    }
  }
}
