/** What one run asked of a host's ssh server. */
export interface SshdCounts {
  readonly handshakes: number;
  /** Sessions of any kind: commands, shells, subsystems such as sftp. */
  readonly execs: number;
}

/**
 * Counts in the log of an sshd with LogLevel VERBOSE (OpenSSH 9.2 and 10.0: `Connection from ADDRESS port PORT on …` and
 * `Starting session: command|shell|subsystem … for USER from ADDRESS port PORT id N`). Lines end
 * in CR LF; one without its end is not counted: it is still being written.
 */
export function countSshd(log: string): SshdCounts {
  const lines = log.split(/\r?\n/).slice(0, -1);
  return {
    handshakes: lines.filter(line => /^Connection from \S+ port \d+ on /.test(line)).length,
    execs: lines.filter(line => /^Starting session: .* from \S+ port \d+ id \d+$/.test(line)).length,
  };
}
