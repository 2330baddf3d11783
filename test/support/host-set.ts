import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { SimulatedHost } from "../acceptance/simulated-host";

export interface HostPlace {
  readonly name: string;
  readonly address: string;
}

export interface HostSetOptions {
  /** Stack of the sandbox project, and folder of the keys at the site. */
  readonly stack: string;
  /** What the hosts' names in Docker begin with. */
  readonly prefix: string;
  /** First three numbers of the addresses. */
  readonly subnet: string;
  readonly hosts: number;
  /** GPUs of each host. */
  readonly gpus: number;
  /** Where the hosts run; asked for when it is needed. */
  readonly site: () => string;
}

/** This checkout: its compiled program is what is tested. */
export const source = path.resolve(__dirname, "../..");

/** The sandbox project of this checkout; only the Docker and its images are the site's. */
const project = path.join(source, "sandbox");

/** Simulated hosts of one suite, on the Docker of a site: a checkout whose sandbox is up. */
export class HostSet {
  readonly places: readonly HostPlace[];

  constructor(private readonly options: HostSetOptions) {
    this.places = Array.from({ length: options.hosts }, (_, index) => ({
      name: `node-${index + 1}`,
      address: `${options.subnet}.${11 + index}`,
    }));
  }

  /** Keys and known_hosts of the hosts. */
  get folder(): string {
    return path.join(this.options.site(), ".muster/sandbox", this.options.stack);
  }

  get dockerHost(): string {
    const images = fs.readFileSync(this.siteImages, "utf8");
    const found = /^DOCKER_HOST=(.*)$/m.exec(images)?.[1];
    if (found === undefined) throw new Error(`${this.siteImages} names no Docker`);
    return found;
  }

  /** The file that names the images of the site. */
  get siteImages(): string {
    return path.join(this.options.site(), ".muster/sandbox/images.env");
  }

  /** Name of a host's container in the Docker of the site. */
  containerOf(name: string): string {
    return `${this.options.prefix}-${name}`;
  }

  /** A host seen from outside, through the Docker daemon that runs it. */
  host(name: string): SimulatedHost {
    return new SimulatedHost(name, this.options.prefix, () => this.dockerHost);
  }

  /** Makes the hosts; keys first, so that they are known before the first connection. `images`: default the site's. */
  raise(images = this.siteImages): void {
    const { stack, prefix, subnet, hosts, gpus } = this.options;
    this.forget();
    execFileSync(path.join(this.options.site(), "sandbox/keys"), [this.folder, String(hosts)]);
    const settings = { hosts, gpus, name: prefix, subnet, folder: this.folder, dockerHost: this.dockerHost, images };
    const lines = Object.entries(settings).map(([key, value]) => `  muster-sandbox:${key}: "${value}"\n`);
    fs.writeFileSync(path.join(project, `Pulumi.${stack}.yaml`), `config:\n${lines.join("")}`);
    this.muster("stack", "init", stack);
    this.muster("up", "-s", stack, "--yes", "--skip-preview");
  }

  raze(): void {
    this.muster("destroy", "-s", this.options.stack, "--yes", "--skip-preview");
  }

  /** What an earlier run has left, whose Docker may be gone: its hosts, and the state that knows them. */
  private forget(): void {
    const { stack, prefix } = this.options;
    const docker = `docker -H ${this.dockerHost}`;
    execFileSync("sh", [
      "-c",
      `${docker} ps -aq --filter name=^${prefix}-node- | xargs -r ${docker} rm -f
       ${docker} volume ls -q --filter name=^${prefix}-node- | xargs -r ${docker} volume rm
       ${docker} network rm ${prefix}-net 2>/dev/null; true`,
    ]);
    for (const folder of ["stacks/muster-sandbox", "locks/organization/muster-sandbox"]) {
      const parent = path.join(project, ".muster/.pulumi", folder);
      if (!fs.existsSync(parent)) continue;
      for (const entry of fs.readdirSync(parent)) {
        if (entry === stack || entry.startsWith(`${stack}.`)) fs.rmSync(path.join(parent, entry), { recursive: true });
      }
    }
  }

  private muster(...args: string[]): void {
    execFileSync(process.execPath, [path.join(source, "dist/cli/main.js"), "--cwd", project, ...args], {
      env: { ...process.env, PULUMI_CONFIG_PASSPHRASE: `${this.options.stack} tests` },
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
}
