import { sshdConfigPath } from "./sshd-config";

export const healthScriptPath = "/etc/muster/health.sh";

/** health.sh: exit 0 if sshd greets. A connection alone says little: the kernel takes it also for an sshd that hangs. */
export function renderHealthScript(): string {
  return `#!/bin/bash
# Written by muster from the cluster file. Changes here are undone by the next up.
address=$(awk '$1 == "ListenAddress" { print $2 }' ${sshdConfigPath})
port=$(awk '$1 == "Port" { print $2 }' ${sshdConfigPath})
greeting=''
if { exec 3<>"/dev/tcp/$address/$port"; } 2>/dev/null; then
  IFS= read -r -t 2 greeting <&3
  case $greeting in SSH-*) exit 0 ;; esac
  echo "sshd takes a connection on $address port $port, and says nothing"
else
  echo "sshd does not listen on $address port $port"
fi
exit 1
`;
}
