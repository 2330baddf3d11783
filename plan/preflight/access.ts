import type { Finding } from "../finding";
import type { HostSight } from "./host-sight";

/** Whether muster can do anything on the host. */
export function accessFindings({ node, canBecomeRoot, isInDockerGroup }: HostSight): Finding[] {
  if (canBecomeRoot) return [];
  return [
    {
      code: "no-root",
      severity: "error",
      host: node,
      fact: `the user is not root and sudo asks for a password or is missing${isInDockerGroup ? "; it is in the docker group, which is not enough" : ""}`,
      why: "containers, mounts and files of the cluster belong to root",
      remedy:
        "log in as root (ssh.user), allow sudo without a password for this user, or declare sudoPassword: {secret: NAME}",
    },
  ];
}
