import { AuditLog } from "../remote/audit";
import { ConnectionPool } from "../remote/pool";
import { Redactor } from "../remote/redact";
import { SshHosts } from "../remote/ssh-hosts";
import { LocalRunner } from "./local-runner";
import type { Services, Transport } from "./provider-package";

/** The real services of a process: ssh to hosts, processes of the operator's machine. */
export function newServices(): Services {
  const redactor = new Redactor();
  return { redactor, transport: sshTransport(redactor) };
}

function sshTransport(redactor: Redactor): Transport {
  const pool = new ConnectionPool();
  return {
    hosts: ({ hosts, auditLog, connectTimeoutSeconds, ownership }) =>
      new SshHosts({
        table: hosts.map(host => (connectTimeoutSeconds === undefined ? host : { connectTimeoutSeconds, ...host })),
        pool,
        redactor,
        ...(auditLog ? { audit: new AuditLog(auditLog, redactor) } : {}),
        ...(ownership ? { ownership } : {}),
      }),
    local: environment => new LocalRunner(environment),
    close: () => pool.close(),
  };
}
