import { asList } from "../remote/host-table";
import type { SshConfig } from "../remote/ssh-config/config";
import type { Jump } from "../remote/ssh-config/jump";
import { besides } from "./local-path";
import type { Problem } from "./problem";
import type { ClusterBastion, ClusterHost, ClusterLogin } from "./schema";
import type { BastionChoice, BastionSettings, HostEntry, SshSettings } from "./schema/hosts";
import { type ConfiguredLogin, configuredLogin } from "./ssh-config-login";

const CONNECT_TIMEOUT_SECONDS = 15;
/** Who logs in where neither the cluster file nor ssh_config says so. */
const USUAL_USER = "root";

/** Where the parts of the cluster file stand: paths are relative to it. */
export interface LoginFiles {
  readonly hosts: string;
  readonly ssh: string;
}

export interface HostLogins {
  readonly hosts: readonly ClusterHost[];
  /** Of the ssh_config file. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/**
 * How each host is reached and logged in to. What the cluster file says, of the host or in `ssh`, wins over ssh_config, and that over
 * what is usual. A bastion takes keys from `ssh`, never a password.
 */
export function hostLogins(
  entries: readonly HostEntry[],
  ssh: SshSettings,
  files: LoginFiles,
  config: SshConfig | undefined,
): HostLogins {
  const resolver = new LoginResolver(ssh, files, config);
  const hosts = entries.map(entry => resolver.host(entry));
  return { hosts, problems: resolver.problems("error"), warnings: resolver.problems("warning") };
}

type Named = Pick<HostEntry, "user" | "port" | "identityFile" | "certificateFile" | "identitiesOnly" | "agent"> &
  Pick<HostEntry, "passphrase" | "hostKeyAlias"> & { readonly address: string };

class LoginResolver {
  private readonly found = new Map<string, { readonly severity: "error" | "warning"; readonly problem: Problem }>();

  constructor(
    private readonly ssh: SshSettings,
    private readonly files: LoginFiles,
    private readonly config: SshConfig | undefined,
  ) {}

  problems(severity: "error" | "warning"): Problem[] {
    return [...this.found.values()].filter(each => each.severity === severity).map(({ problem }) => problem);
  }

  host(entry: HostEntry): ClusterHost {
    const { name, gpus, interface: ofNodes } = entry;
    const { ssh, files } = this;
    const own = withPaths(entry, files.hosts);
    const defaults = withPaths(ssh, files.ssh);
    const said = { ...defaults, ...defined(own) };
    const { login, configured } = this.login({ ...said, address: entry.address, hostKeyAlias: entry.hostKeyAlias });
    // The host that the others go through is reached without itself.
    const choice = entry.bastion ?? (ssh.bastion === name ? "none" : ssh.bastion);
    const bastion =
      choice === undefined
        ? this.jumps(configured?.jumps ?? [], [entry.address])
        : this.bastion(choice, entry.bastion === undefined ? files.ssh : files.hosts);
    if (choice === undefined && configured?.proxyCommand) this.refuseCommand(configured.proxyCommand, name);
    const password = entry.password ?? ssh.password;
    const sudo = entry.sudo ?? ssh.sudo;
    const sudoPassword = entry.sudoPassword ?? ssh.sudoPassword;
    return {
      name,
      ...login,
      clusterAddress: entry.clusterAddress ?? login.address,
      connectTimeoutSeconds: ssh.connectTimeoutSeconds ?? configured?.connectTimeoutSeconds ?? CONNECT_TIMEOUT_SECONDS,
      keepaliveSeconds: ssh.keepaliveSeconds,
      ...(password && { password }),
      ...(sudo !== undefined && sudo !== "auto" && { sudo }),
      ...(sudoPassword && { sudoPassword }),
      ...(bastion !== undefined && { bastion }),
      ...(gpus !== undefined && { gpus }),
      ...(ofNodes !== undefined && { interface: ofNodes }),
    };
  }

  /** Undefined: none is wanted. */
  private bastion(choice: BastionChoice, file: string): ClusterLogin["bastion"] {
    if (choice === "none") return undefined;
    if (typeof choice === "string") return choice;
    const { address, hostKeyAlias, password, bastion: further } = choice;
    const own = withPaths(choice, file);
    const { port: _port, ...defaults } = withPaths(this.ssh, this.files.ssh);
    const { login, configured } = this.login({ ...defaults, ...defined(own), address, hostKeyAlias });
    const next = further === undefined ? this.jumps(configured?.jumps ?? [], [address]) : this.bastion(further, file);
    if (further === undefined && configured?.proxyCommand) this.refuseCommand(configured.proxyCommand, address);
    return { ...login, ...(password && { password }), ...(next !== undefined && { bastion: next }) };
  }

  /** What is said, then what ssh_config says, then what is usual. */
  private login(said: Named): { login: ClusterLogin; configured: ConfiguredLogin | undefined } {
    const { address: host, user, port } = said;
    const configured = this.ask({ host, user, port, defaultUser: USUAL_USER });
    return { configured, login: loginOf(said, configured, USUAL_USER) };
  }

  /** The last jump is the one next to the host; those before it replace what ssh_config says of its own way. */
  private jumps(jumps: readonly Jump[], path: readonly string[]): ClusterBastion | undefined {
    const last = jumps.at(-1);
    if (!last || !this.config) return undefined;
    const { localUser } = this.config.surroundings;
    const configured = this.ask({ ...last, defaultUser: localUser });
    if (path.includes(last.host)) {
      this.refuseCircle([...path, last.host], configured?.origins ?? []);
      return undefined;
    }
    const { identityFile, certificateFile, agent, passphrase } = withPaths(this.ssh, this.files.ssh);
    const credentials = configured?.identityFile ? { passphrase } : { identityFile, certificateFile, passphrase };
    const said = { agent: configured?.agent ?? agent, ...credentials, user: last.user, port: last.port };
    const before = jumps.length > 1 ? jumps.slice(0, -1) : (configured?.jumps ?? []);
    if (jumps.length === 1 && configured?.proxyCommand) this.refuseCommand(configured.proxyCommand, last.host);
    const bastion = this.jumps(before, [...path, last.host]);
    return { ...loginOf({ ...said, address: last.host }, configured, localUser), ...(bastion && { bastion }) };
  }

  private ask(query: Parameters<typeof configuredLogin>[1]) {
    if (!this.config) return undefined;
    const configured = configuredLogin(this.config, query);
    for (const { severity, at, ...text } of configured.notes) {
      this.add(severity, { file: at.file, line: at.line, path: "", ...text });
    }
    return configured;
  }

  private refuseCommand({ value, at }: { value: string; at: { file: string; line: number } }, host: string): void {
    this.add("error", {
      ...at,
      path: "",
      found: `ProxyCommand ${value} for ${host}, which muster does not run`,
      expected: "ProxyJump",
      remedy: "write ProxyJump HOST there, or a bastion (or bastion: none) in the cluster file",
    });
  }

  private refuseCircle(path: readonly string[], origins: readonly string[]): void {
    this.add("error", {
      file: this.config?.file ?? "",
      path: "",
      found: `ProxyJump that goes round in a circle: ${path.join(" -> ")}${origins.length > 0 ? ` (${origins.join(", ")})` : ""}`,
      expected: "a way that begins at the operator",
      remedy: "leave the jump host out of the pattern (Host * !GATE), or give it ProxyJump none",
    });
  }

  /** A line that matters to many hosts is told once. */
  private add(severity: "error" | "warning", problem: Problem): void {
    const key = problem.line === undefined ? problem.found : `${problem.file}:${problem.line}`;
    if (!this.found.has(key)) this.found.set(key, { severity, problem });
  }
}

function loginOf(said: Named, configured: ConfiguredLogin | undefined, usualUser: string): ClusterLogin {
  const identityFile = said.identityFile ?? configured?.identityFile;
  const certificateFile = asList(said.certificateFile ?? configured?.certificateFile);
  const identitiesOnly = said.identitiesOnly ?? configured?.identitiesOnly;
  const agent = said.agent ?? configured?.agent;
  const hostKeyAlias = said.hostKeyAlias ?? configured?.hostKeyAlias;
  const { passphrase } = said;
  const { knownHostsFiles = [], origins = [] } = configured ?? {};
  return {
    address: configured?.address ?? said.address,
    port: said.port ?? configured?.port ?? 22,
    user: said.user ?? configured?.user ?? usualUser,
    ...(identityFile !== undefined && { identityFile: asList(identityFile) }),
    ...(certificateFile.length > 0 && { certificateFile }),
    ...(identitiesOnly !== undefined && { identitiesOnly }),
    ...(agent !== undefined && { agent }),
    ...(hostKeyAlias !== undefined && { hostKeyAlias }),
    ...(passphrase && { passphrase }),
    ...(knownHostsFiles.length > 0 && { knownHostsFiles }),
    ...(origins.length > 0 && { origins }),
  };
}

type WithPaths = Pick<
  BastionSettings,
  "user" | "port" | "identityFile" | "certificateFile" | "identitiesOnly" | "agent" | "passphrase"
>;

/** The part of a login that `ssh` may give to all hosts, its paths made absolute. */
function withPaths(settings: WithPaths, file: string): WithPaths {
  const { user, port, identityFile, certificateFile, identitiesOnly, agent, passphrase } = settings;
  const paths = (names: string | string[] | undefined) =>
    names === undefined ? undefined : asList(names).map(name => besides(file, name));
  return {
    user,
    port,
    identityFile: paths(identityFile),
    certificateFile: paths(certificateFile),
    identitiesOnly,
    agent: agent === undefined || agent === "none" ? agent : besides(file, agent),
    passphrase,
  };
}

function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
