import { sshdConfigPath } from "./sshd-config";

/**
 * sshd.sh: puts the variables where shells find them, then becomes sshd. It runs again at every start of sshd, also after a
 * reboot.
 */
export function renderSshdScript(): string {
  return `#!/bin/sh
# Written by muster from the cluster file. Changes here are undone by the next up.
set -eu
umask 022

# sshd wants its folder for privilege separation; a package's service script would have made it.
mkdir -p /run/sshd

# Login shells, and interactive ones such as docker exec -it, read the node's variables.
profile='if [ -r /etc/muster/profile.sh ]; then . /etc/muster/profile.sh; fi'
mkdir -p /etc/profile.d
printf '%s\\n' "$profile" >/etc/profile.d/muster.sh
touch /root/.bashrc
grep -qxF "$profile" /root/.bashrc || {
  # In front: Debian's file returns early in shells that are not interactive.
  { printf '%s\\n' "$profile"; cat /root/.bashrc; } >/root/.bashrc.muster
  cat /root/.bashrc.muster >/root/.bashrc
  rm -f /root/.bashrc.muster
}

# A declared root password comes in a file that only root reads.
if [ -r /etc/muster/root.password ]; then
  chpasswd </etc/muster/root.password
fi

# sshd gives its sessions nothing of its own environment: the image's variables, PATH above all, would be missing.
# Values with a quote, a backslash or a line break cannot be written here and are left out.
image_variables=$(env -0 | sed -z -E '/^(HOME|PWD|OLDPWD|SHLVL|_|HOSTNAME|TERM|USER|LOGNAME|SHELL)=/d; /[\\n"\\\\]/d; s/^(.*)$/"\\1"/' | tr '\\0' ' ')

/usr/sbin/sshd -t -f ${sshdConfigPath}
exec /usr/sbin/sshd -D -e -f ${sshdConfigPath} -o "SetEnv $image_variables"
`;
}
