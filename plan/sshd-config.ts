export interface SshdSettings {
  readonly port: number;
  /** Address on the data network. */
  readonly listenAddress: string;
  /** Root may log in with a password. Off unless the cluster file asks. */
  readonly allowPassword: boolean;
  /** Where its files are. Default: those of a node container. */
  readonly places?: SshdPlaces;
}

export interface SshdPlaces {
  readonly hostKey: string;
  readonly authorizedKeys: string;
  readonly pidFile: string;
  /** With PAM a root account that is locked for passwords may still log in by key, as on most hosts. */
  readonly usePam: boolean;
}

/** Where files of the node's folder appear in the container. */
export const sshdConfigPath = "/etc/muster/sshd_config";
export const hostKeyPath = "/etc/muster/ssh_host_ed25519_key";

const inContainer: SshdPlaces = {
  hostKey: hostKeyPath,
  authorizedKeys: "/root/.ssh/authorized_keys",
  pidFile: "/run/sshd.muster.pid",
  usePam: false,
};

/**
 * The whole configuration of the mesh's sshd: given with -f, so that the image's own files and their Include have no say.
 * UsePAM no: a root account without a password may log in by key; the environment comes from ~/.ssh/environment.
 */
export function renderSshdConfig(settings: SshdSettings): string {
  const { hostKey, authorizedKeys, pidFile, usePam } = settings.places ?? inContainer;
  const lines = [
    "# Written by muster from the cluster file. Changes here are undone by the next up.",
    `Port ${settings.port}`,
    `ListenAddress ${settings.listenAddress}`,
    `HostKey ${hostKey}`,
    `PidFile ${pidFile}`,
    "AllowUsers root",
    `PermitRootLogin ${settings.allowPassword ? "yes" : "prohibit-password"}`,
    "PubkeyAuthentication yes",
    `AuthorizedKeysFile ${authorizedKeys}`,
    `PasswordAuthentication ${settings.allowPassword ? "yes" : "no"}`,
    "KbdInteractiveAuthentication no",
    "PermitEmptyPasswords no",
    `UsePAM ${usePam ? "yes" : "no"}`,
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
