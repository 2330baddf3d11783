export interface SshdSettings {
  readonly port: number;
  /** Address on the data network. */
  readonly listenAddress: string;
  /** Root may log in with a password. Off unless the cluster file asks. */
  readonly allowPassword: boolean;
}

/** Where files of the node's folder appear in the container. */
export const sshdConfigPath = "/etc/muster/sshd_config";
export const hostKeyPath = "/etc/muster/ssh_host_ed25519_key";

/**
 * The whole configuration of the container's sshd: given with -f, so that the image's own files and their Include have no say.
 * UsePAM no: a root account without a password may log in by key; the environment comes from ~/.ssh/environment.
 */
export function renderSshdConfig(settings: SshdSettings): string {
  const lines = [
    "# Written by muster from the cluster file. Changes here are undone by the next up.",
    `Port ${settings.port}`,
    `ListenAddress ${settings.listenAddress}`,
    `HostKey ${hostKeyPath}`,
    "PidFile /run/sshd.muster.pid",
    "AllowUsers root",
    `PermitRootLogin ${settings.allowPassword ? "yes" : "prohibit-password"}`,
    "PubkeyAuthentication yes",
    "AuthorizedKeysFile /root/.ssh/authorized_keys",
    `PasswordAuthentication ${settings.allowPassword ? "yes" : "no"}`,
    "KbdInteractiveAuthentication no",
    "PermitEmptyPasswords no",
    "UsePAM no",
    "StrictModes yes",
    "PermitUserEnvironment yes",
    "X11Forwarding no",
    "PrintMotd no",
    "MaxStartups 64:30:256",
    "MaxSessions 64",
    "ClientAliveInterval 30",
    "ClientAliveCountMax 4",
    "Subsystem sftp internal-sftp",
  ];
  return `${lines.join("\n")}\n`;
}
