import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { formatHostKey } from "../../remote/host-key";
import type { HostConnection } from "../../remote/host-table";
import { matchKnownHosts, parseKnownHosts } from "../../remote/known-hosts";
import { dockerHostOf, sandbox, sandboxFolder } from "../faults/site";
import { type Finished, run } from "../support/command";

interface Inventory {
  readonly hosts: readonly {
    readonly name: string;
    readonly address: string;
    readonly port: number;
    readonly user: string;
  }[];
}

function sandboxFile(name: string): string {
  return path.join(sandboxFolder(), name);
}

/** The hosts as an operator reaches them. */
export function hostTable(): HostConnection[] {
  const { hosts } = parse(readFileSync(sandboxFile("inventory.yaml"), "utf8")) as Inventory;
  const pins = parseKnownHosts(readFileSync(sandboxFile("known_hosts"), "utf8"), "known_hosts").entries;
  return hosts.map(host => ({
    ...host,
    identityFile: sandboxFile("id_ed25519"),
    agent: "none",
    hostKeys: matchKnownHosts(pins, host).trusted.map(formatHostKey),
  }));
}

/** A simulated host, seen from outside, through the Docker that runs it. */
export class OutsideView {
  constructor(readonly name: string) {}

  /** Runs a shell script on it. */
  sh(script: string, deadlineSeconds = 120): Promise<Finished> {
    return run("docker", ["-H", dockerHostOf(), "exec", "-i", `${sandbox}-${this.name}`, "sh", "-s"], {
      input: script,
      deadlineSeconds,
    });
  }

  /** Standard output of a script that must succeed. */
  async ask(script: string, deadlineSeconds = 120): Promise<string> {
    const done = await this.sh(script, deadlineSeconds);
    if (done.code !== 0) throw new Error(`${this.name}: ${script}\nexit ${done.code}\n${done.stdout}${done.stderr}`);
    return done.stdout.trim();
  }

  /** A script whose output is a file of this machine's. */
  async save(script: string, file: string): Promise<void> {
    const command = `docker -H ${dockerHostOf()} exec ${sandbox}-${this.name} sh -c '${script}' >'${file}'`;
    const done = await run("sh", ["-c", command]);
    if (done.code !== 0) throw new Error(`${this.name}: ${script}\n${done.stderr}`);
  }

  /** Loads an archive of this machine. */
  load(file: string): Promise<void> {
    return this.feed(file, "docker load -q");
  }

  /** Copies a file of this machine. */
  put(file: string, to: string): Promise<void> {
    return this.feed(file, `cp /dev/stdin ${to}`);
  }

  private async feed(file: string, command: string): Promise<void> {
    const exec = `docker -H ${dockerHostOf()} exec -i ${sandbox}-${this.name} ${command} <'${file}'`;
    const done = await run("sh", ["-c", exec]);
    if (done.code !== 0) throw new Error(`${this.name}: ${command} <${file}\n${done.stderr}`);
  }

  /** Bytes that its network card has sent and received so far. */
  async traffic(): Promise<{ sent: number; received: number }> {
    const [sent, received] = (await this.ask("cd /sys/class/net/eth0/statistics; cat tx_bytes rx_bytes")).split("\n");
    return { sent: Number(sent), received: Number(received) };
  }

  /** Stops all of it, and lets it go on: out of reach without a word, as after a power cut. */
  freeze(): Promise<Finished> {
    return run("docker", ["-H", dockerHostOf(), "pause", `${sandbox}-${this.name}`]);
  }

  thaw(): Promise<Finished> {
    return run("docker", ["-H", dockerHostOf(), "unpause", `${sandbox}-${this.name}`]);
  }
}

/** Writes an archive of an image that no host has; it is made on one host and removed there again. */
export async function randomImage(
  host: OutsideView | undefined,
  reference: string,
  bytes: number,
  archive: string,
): Promise<void> {
  if (!host) throw new Error("there is no host to make an image on");
  await host.ask(`set -e; d=$(mktemp -d); head -c ${bytes} /dev/urandom >$d/data
    tar -C $d -c data | docker import - ${reference} >/dev/null; rm -rf $d`);
  await host.save(`docker save ${reference}`, archive);
  await host.ask(`docker image rm ${reference}`);
}

/**
 * A small image on a host in which packages can be "installed": dpkg is *simulated*, it writes one file. Made of the host's own programs,
 * two layers.
 */
export async function installableImage(host: OutsideView, reference: string): Promise<void> {
  await host.ask(`set -e; d=$(mktemp -d); cd $d; mkdir -p root/bin root/mnt root/tmp root/usr/sbin root/etc
    for p in sh sleep mkdir chmod rm tar cat; do
      cp -L "$(command -v $p)" root/bin/
      ldd "$(command -v $p)" | grep -o '/[^ ]*' | while read -r l; do mkdir -p "root$(dirname "$l")"; cp -L "$l" "root$l"; done
    done
    printf '#!/bin/sh\n[ "$1" != --unpack ] || { mkdir -p /usr/share/new; echo hello >/usr/share/new/file; }\n' >root/bin/dpkg
    chmod +x root/bin/dpkg
    head -c 3000000 /dev/urandom >root/data
    tar -C root -c . | docker import -c 'ENV SITE=here' - ${reference} >/dev/null; cd /; rm -rf $d`);
}
