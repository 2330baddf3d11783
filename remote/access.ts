import type { HostConnection } from "./host-table";

/** How a script runs on the host; see bootstrap.ts. */
export type AccessMode = "root" | "passwordless" | "password" | "user";

/** What muster may do on a host, found once per connection. */
export interface HostAccess {
  readonly user: string;
  /** "user": no way to become root. */
  readonly mode: AccessMode;
  /** The user may talk to Docker without being root. */
  readonly dockerGroup: boolean;
}

/** Asks a host who we are; runs as the login user. It changes nothing: `sudo -n` never asks and, refused, leaves a line in the host's own log. */
export const ACCESS_SCRIPT = `id -u
id -Gn
command -v sudo >/dev/null 2>&1 || { echo absent; exit 0; }
if sudo -n true >/dev/null 2>&1; then echo free; else echo refused; fi
`;

/** What needs no question: the root user, or the mode that the host table declares. */
export function declaredAccess(host: HostConnection): HostAccess | undefined {
  if (host.user === "root") return { user: host.user, mode: "root", dockerGroup: true };
  if (host.sudo === undefined) return undefined;
  return { user: host.user, mode: host.sudo === "none" ? "user" : host.sudo, dockerGroup: false };
}

/** Reads the answer to ACCESS_SCRIPT. */
export function parseAccess(host: HostConnection, answer: string): HostAccess {
  const [uid = "", groups = "", sudo = ""] = answer.trim().split("\n");
  const dockerGroup = groups.split(/\s+/).includes("docker");
  const found = { user: host.user, dockerGroup };
  if (uid === "0") return { ...found, mode: "root" };
  if (sudo === "free") return { ...found, mode: "passwordless" };
  if (sudo === "refused" && sudoPassword(host) !== undefined) return { ...found, mode: "password" };
  return { ...found, mode: "user" };
}

export function sudoPassword(host: HostConnection): string | undefined {
  return host.sudoPassword ?? host.password;
}

/** How a host's commands become root; "docker": not at all, but the user may talk to Docker. */
export type WayToRoot = Exclude<AccessMode, "user"> | "docker" | "none";

export function wayToRoot({ mode, dockerGroup }: HostAccess): WayToRoot {
  if (mode !== "user") return mode;
  return dockerGroup ? "docker" : "none";
}

/** `root`, `alice, sudo with a password`, …: one fact for people. */
export function describeAccess(access: HostAccess): string {
  const how: Readonly<Record<WayToRoot, string>> = {
    root: "",
    passwordless: ", sudo without a password",
    password: ", sudo with a password",
    docker: ", no sudo, docker group",
    none: ", no sudo",
  };
  return `${access.user}${how[wayToRoot(access)]}`;
}
