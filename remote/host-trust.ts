import type { Duplex } from "node:stream";
import { StreamEnded } from "./byte-reader";
import { type Certificate, describeCertificate, validityTrouble } from "./certificate";
import { readHostCertificate } from "./host-certificate";
import { describeHostKey, fingerprint, formatHostKey, type HostKey, parseHostKey } from "./host-key";
import { endpoint, type HostAddress, type ResolvedAddress } from "./host-table";
import { matchesPattern } from "./pattern";
import { RemoteError } from "./remote-error";
import { ConnectionRefusedEarly, SshConnection } from "./ssh-connection";

type Trust = Pick<HostAddress, "address" | "hostKeyAlias" | "hostKeys" | "hostAuthorities" | "revokedHostKeys">;

/** A stream to the host's ssh port. */
type Reach = (timeoutSeconds: number) => Promise<Duplex>;

/**
 * A logged-in connection to a host whose key is pinned, or certified by an authority that is trusted for it. A pin needs one connection;
 * a certificate is read over one of its own, before.
 * @throws RemoteError; ConnectionRefusedEarly when another try may do better.
 */
export async function openTrusted(
  target: ResolvedAddress,
  timeoutSeconds: number,
  reach: Reach,
): Promise<SshConnection> {
  const deadline = Date.now() + timeoutSeconds * 1000;
  const leftSeconds = () => Math.max(0.001, (deadline - Date.now()) / 1000);
  const open = async (keys: readonly string[]) => {
    const stream = await reach(leftSeconds());
    return await SshConnection.open(stream, { ...target, hostKeys: keys }, leftSeconds());
  };
  const hasAuthority = (target.hostAuthorities ?? []).length > 0;
  if (!hasAuthority || target.hostKeys.length > 0) {
    try {
      return await open(target.hostKeys);
    } catch (error) {
      // The pin may be older than the authority: what that certifies is trusted too.
      if (!(hasAuthority && error instanceof RemoteError && error.kind === "hostKeyChanged")) throw error;
    }
  }
  const certificate = await trustedCertificate(target, leftSeconds(), reach);
  const connection = await open([formatHostKey(certificate.key)]);
  connection.hostCertificate = certificate;
  return connection;
}

/** Whether the target trusts a connection that was opened for another one. */
export function trustsConnection(target: Trust, { hostKey, hostCertificate }: SshConnection): boolean {
  if (isAmong(target.revokedHostKeys, hostKey)) return false;
  if (isAmong(target.hostKeys, hostKey)) return true;
  return hostCertificate !== undefined && hostCertificateTrouble(hostCertificate, target, new Date()) === undefined;
}

/**
 * The certificate that the host shows, if it proves that this is the host.
 * @throws RemoteError, also when it has none; ConnectionRefusedEarly
 */
export async function trustedCertificate(
  target: ResolvedAddress,
  timeoutSeconds: number,
  reach: Reach,
): Promise<Certificate> {
  const certificate = await shownCertificate(target, await reach(timeoutSeconds), timeoutSeconds);
  if (!certificate) {
    const trusted = `it is an authority (${authoritiesText(target)}) that is trusted for it`;
    throw untrusted(target, `the server has no host certificate, and ${trusted}`);
  }
  const trouble = hostCertificateTrouble(certificate, target, new Date());
  if (trouble === undefined) return certificate;
  throw untrusted(target, `its ${describeCertificate(certificate)} is not trusted: ${trouble}`);
}

async function shownCertificate(
  target: ResolvedAddress,
  stream: Duplex,
  timeoutSeconds: number,
): Promise<Certificate | undefined> {
  try {
    return await readHostCertificate(stream, timeoutSeconds);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof StreamEnded) throw new ConnectionRefusedEarly(reason);
    const problem = `no host certificate was read: ${reason}`;
    throw new RemoteError({ ...placeOf(target), kind: "unreachable", problem });
  }
}

/** Why the certificate does not prove that this is the host; undefined when it does. */
export function hostCertificateTrouble(certificate: Certificate, target: Trust, now: Date): string | undefined {
  const name = (target.hostKeyAlias ?? target.address).toLowerCase();
  const { authority, key, principals, criticalOptions } = certificate;
  if (certificate.use !== "host") return "it is the certificate of a user";
  if (isAmong(target.revokedHostKeys, key)) return `the key ${fingerprint(key)} that it certifies is revoked`;
  if (isAmong(target.revokedHostKeys, authority)) return `the authority ${fingerprint(authority)} is revoked`;
  if (!isAmong(target.hostAuthorities, authority)) {
    return `it is signed by ${describeHostKey(authority)}, but trusted is ${authoritiesText(target)}`;
  }
  if (!certificate.hasValidSignature) return "its signature is not that of the authority it names";
  if (!principals.some(pattern => matchesPattern(name, pattern))) return `it does not name ${name}`;
  if (criticalOptions.length > 0) return `it has options that are not known: ${criticalOptions.join(", ")}`;
  return validityTrouble(certificate, now);
}

function authoritiesText({ hostAuthorities = [] }: Trust): string {
  return hostAuthorities
    .map(parseHostKey)
    .filter(key => key !== undefined)
    .map(describeHostKey)
    .join(", ");
}

function isAmong(keys: readonly string[] | undefined, wanted: HostKey): boolean {
  return (keys ?? []).some(text => parseHostKey(text)?.base64 === wanted.base64);
}

function placeOf(target: ResolvedAddress): { readonly host: string; readonly address: string } {
  return { host: target.label, address: endpoint(target) };
}

function untrusted(target: ResolvedAddress, problem: string): RemoteError {
  return new RemoteError({
    ...placeOf(target),
    kind: "hostKeyUnknown",
    problem,
    remedy: `sign its host key for ${target.hostKeyAlias ?? target.address} (ssh-keygen -s AUTHORITY -h -n NAME), or write the key itself into the known_hosts file`,
  });
}
