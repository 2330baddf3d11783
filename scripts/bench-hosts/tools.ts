import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, output } from "./command";
import { checkout, peersFolder, type Site } from "./place";
import { muster } from "./project";
import type { ToolName } from "./results";
import type { SimulatedHosts } from "./simulated-hosts";

/** One `up` of a tool; `sockets` is an empty folder for connections that it keeps. */
export function upCommand(tool: ToolName, site: Site, venv: string, sockets: string): Command {
  const inVenv = (program: string): string => join(venv, "bin", program);
  switch (tool) {
    case "muster":
      return muster(site, ["up", "-s", "bench", "--yes", "--skip-preview"]);
    case "by-hand":
      return { program: join(peersFolder, "by-hand"), args: [], cwd: site.peers, env: { BENCH_SOCKETS: sockets } };
    case "ansible":
    case "ansible-archive":
      return {
        program: inVenv("ansible-playbook"),
        args: [
          ...["--inventory", join(site.peers, "inventory.ini")],
          ...["--extra-vars", JSON.stringify({ site: site.peers, files_by: tool === "ansible" ? "copy" : "archive" })],
          join(peersFolder, "playbook.yaml"),
        ],
        cwd: site.peers,
        env: {
          ANSIBLE_CONFIG: join(peersFolder, "ansible.cfg"),
          ANSIBLE_FORKS: String(site.nodes.length),
          ANSIBLE_HOME: join(site.peers, ".ansible"),
          ANSIBLE_SSH_CONTROL_PATH_DIR: sockets,
          ANSIBLE_LOCALHOST_WARNING: "0",
        },
      };
    case "pyinfra":
    case "pyinfra-archive":
      return {
        program: inVenv("pyinfra"),
        args: [
          "--yes",
          "--parallel",
          String(site.nodes.length),
          join(peersFolder, "inventory.py"),
          join(peersFolder, "deploy.py"),
        ],
        cwd: site.peers,
        env: { BENCH_PEERS: peersFolder, BENCH_FILES_BY: tool === "pyinfra" ? "put" : "archive" },
      };
  }
}

/** Calls `use` with an empty folder, and then ends whatever connection a tool left open in it. */
export async function withSockets<T>(use: (folder: string) => Promise<T>): Promise<T> {
  // A socket's path holds at most 107 bytes, and ssh appends some of its own while it makes one.
  const folder = mkdtempSync(join(tmpdir(), "mb-"));
  try {
    return await use(folder);
  } finally {
    for (const name of readdirSync(folder)) {
      await output({ program: "ssh", args: ["-o", `ControlPath=${join(folder, name)}`, "-O", "exit", "any"] }).catch(
        () => {},
      );
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What ran, for the report. */
export async function versions(venv: string, hosts: SimulatedHosts, host: string): Promise<Record<string, string>> {
  const firstLine = async (program: string, ...args: string[]): Promise<string> => {
    const text = (await output({ program: "sh", args: ["-c", 'exec "$@" 2>&1', "sh", program, ...args] })).toString();
    return text.split("\n")[0]?.trim() ?? "";
  };
  const { version } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as { version: string };
  return {
    muster: version,
    node: process.version,
    ssh: await firstLine("ssh", "-V"),
    bash: await firstLine("bash", "--version"),
    python: await firstLine(join(venv, "bin", "python"), "--version"),
    ansible: await firstLine(join(venv, "bin", "ansible-playbook"), "--version"),
    pyinfra: await firstLine(join(venv, "bin", "pyinfra"), "--version"),
    "ssh of the hosts": (await hosts.ask(host, "ssh -V 2>&1")).trim(),
    "docker of the hosts": (await hosts.ask(host, "docker version --format '{{.Server.Version}}'")).trim(),
  };
}
