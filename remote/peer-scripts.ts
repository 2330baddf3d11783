import type { Feed } from "./incoming-file";
import { quote, script } from "./shell";

/** What a host must know to let others fetch one file from it. */
export interface PeerServerSettings {
  readonly file: string;
  /** Its own address, on which it listens. */
  readonly address: string;
  /** Tried in this order until one is free. */
  readonly ports: readonly number[];
  /** The server ends itself after that. */
  readonly limitSeconds: number;
}

/** Where a host fetches a file. */
export interface PeerEndpoint {
  readonly address: string;
  readonly port: number;
  readonly user: string;
}

/** Seconds without a word from the operator after which a server takes it that nobody is there any more. */
export const SILENCE_SECONDS = 60;

/** Folders of processes that were killed before they could tidy up. */
const SWEEP = `mkdir -p /run/muster
for old in /run/muster/peer.*; do
  pid=\${old#/run/muster/peer.}
  kill -0 "\${pid%%.*}" 2>/dev/null || rm -rf -- "$old"
done
dir=$(mktemp -d "/run/muster/peer.$$.XXXXXX")`;

/**
 * Only what is needed: one key, one command, nothing else; the host's own configuration is not read (sshd_config(5), OpenSSH 7.4 or newer).
 * PAM lets in a root whose password is locked, which sshd by itself does not.
 */
const CONFIG = `Port $port
ListenAddress $address
HostKey $dir/host_key
PidFile none
AuthorizedKeysFile $dir/authorized_keys
AuthenticationMethods publickey
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin forced-commands-only
AllowUsers $user
UsePAM $pam
DisableForwarding yes
PermitTTY no
PermitUserRC no
PermitUserEnvironment no
PrintMotd no
UseDNS no
MaxSessions 1
LoginGraceTime 20
ClientAliveInterval 15
ClientAliveCountMax 4
LogLevel VERBOSE`;

/** What the key may do: send the file from a given byte on. tail seeks in a file. */
const SEND = `case $SSH_ORIGINAL_COMMAND in "" | *[!0-9]* | ????????????????*) echo "not a number of bytes" >&2; exit 2 ;; esac
: >"$dir/sending.$$"
MUSTER_PEER=$dir exec tail -c "+$((SSH_ORIGINAL_COMMAND + 1))" -- "$file"`;

/**
 * A server of its own for one file, which ends with its standard input. Reads two lines: the private host key in base64, and the
 * public key that may fetch. Prints `listening PORT USER`, then `alive` for each full stop that it reads.
 */
export function peerServerScript(settings: PeerServerSettings): string {
  const body = `umask 077
IFS= read -r host_key
IFS= read -r client_key
${SWEEP}
server=
finish() {
  for sending in "$dir"/sending.*; do
    pid=\${sending##*.}
    # Ids come back: only one that bears our mark is ours.
    ! tr '\\0' '\\n' 2>/dev/null <"/proc/$pid/environ" | grep -qxF "MUSTER_PEER=$dir" || kill "$pid" 2>/dev/null || :
  done
  [ -z "$server" ] || kill "$server" 2>/dev/null || :
  rm -rf -- "$dir"
}
trap finish EXIT
trap 'exit 143' HUP INT TERM PIPE
sshd=$(command -v sshd) || sshd=/usr/sbin/sshd
[ -x "$sshd" ] || { echo "it has no sshd" >&2; exit 1; }
user=$(id -un)
pam=no; [ "$(id -u)" != 0 ] || pam=yes
# Without one of these two nothing would end the server when this shell is killed.
leash=; ! command -v setpriv >/dev/null || leash="setpriv --pdeathsig TERM"
printf %s "$host_key" | base64 -d >"$dir/host_key"
unset host_key
printf 'restrict,command="exec /bin/sh %s/send" %s\\n' "$dir" "$client_key" >"$dir/authorized_keys"
{ printf 'dir=%s\\nfile=%s\\n' "$dir" "$quoted"; cat <<'END'
${SEND}
END
} >"$dir/send"
configure() { cat >"$dir/config" <<END
${CONFIG}
END
}
listens() { grep -q '^Server listening on' "$dir/log" && kill -0 "$server" 2>/dev/null; }
for port in $ports; do
  configure
  needs=$("$sshd" -t -f "$dir/config" 2>&1 | sed -n 's/^Missing privilege separation directory: //p')
  [ -z "$needs" ] || (umask 022; mkdir -p -- "$needs")
  : >"$dir/log"
  $leash timeout --foreground -k 5 "$limit" "$sshd" -D -f "$dir/config" -E "$dir/log" </dev/null >/dev/null 2>&1 & server=$!
  i=0
  until listens || [ $i -ge 100 ] || ! kill -0 "$server" 2>/dev/null; do i=$((i + 1)); sleep 0.05; done
  ! listens || break
  kill "$server" 2>/dev/null || :
  server=
  grep -q 'Address already in use' "$dir/log" || break
done
[ -n "$server" ] || { tail -n 5 "$dir/log" >&2; exit 1; }
echo "listening $port $user"
while beat=$(timeout --foreground ${SILENCE_SECONDS} head -c 1) && [ "$beat" = . ]; do
  kill -0 "$server" 2>/dev/null || { echo "it was ended from outside" >&2; exit 1; }
  echo alive
done`;
  return script(body, {
    quoted: quote(settings.file),
    address: settings.address,
    ports: settings.ports.join(" "),
    limit: String(settings.limitSeconds),
  });
}

/** Fetches from such a server. Standard input: the private key in base64, and the server's public host key. */
export function peerFeed(peer: PeerEndpoint): Feed {
  const options = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "HostKeyAlias=muster-peer",
    "UserKnownHostsFile=$dir/known_hosts",
    "GlobalKnownHostsFile=/dev/null",
    "UpdateHostKeys=no",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "PreferredAuthentications=publickey",
    "ConnectTimeout=10",
    "ServerAliveInterval=10",
    "ServerAliveCountMax=3",
    "Compression=no",
    // By the processor's own AES several times as fast as OpenSSH's first choice, and one stream is one core.
    "Ciphers=aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com",
    "LogLevel=ERROR",
  ];
  const settings = options.map(option => `-o "${option}"`).join(" ");
  return {
    prepare: `IFS= read -r key
IFS= read -r host_key
command -v ssh >/dev/null || { echo "there is no ssh client" >&2; echo "cut $have"; exit 0; }
${SWEEP}
printf %s "$key" | base64 -d >"$dir/key"
unset key
printf 'muster-peer %s\\n' "$host_key" >"$dir/known_hosts"`,
    command: `ssh -F /dev/null -T -n -i "$dir/key" ${settings} -p ${peer.port} ${quote(`${peer.user}@${peer.address}`)} "$have"`,
    cleanup: `[ -z "\${dir:-}" ] || rm -rf -- "$dir"`,
  };
}
