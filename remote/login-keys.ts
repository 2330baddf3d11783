import { existsSync } from "node:fs";
import { type AnyAuthMethod, type ParsedKey, utils } from "ssh2";
import { type Certificate, certificateFromWire, describeCertificate, printable, validityTrouble } from "./certificate";
import { certificateKey } from "./certificate-login";
import { askAgent, type HeldKeys } from "./held-keys";
import { expandHome } from "./home";
import { describeHostKey, type HostKey, hostKeyFromWire } from "./host-key";
import { asList, type ResolvedAddress } from "./host-table";
import { type Identity, parseIdentity, readCertificate, readIdentity } from "./identity-file";

/** The files that OpenSSH tries by itself, newest kind first. */
const USUAL_IDENTITIES = ["~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"];

/** A key or certificate to offer to a server. */
export interface LoginKey {
  readonly description: string;
  readonly method: AnyAuthMethod;
  /** The operator named it; it was not just found in the usual files or in the agent. */
  readonly declared: boolean;
  readonly certificate?: Certificate;
}

export interface LoginKeys {
  readonly keys: readonly LoginKey[];
  /** What cannot be used, and why. For messages. */
  readonly unusable: readonly string[];
}

/**
 * What can be offered for a login, in OpenSSH's order (sshconnect2.c, pubkey_prepare): certificates, declared keys, keys of the agent,
 * the usual files. Each key once, wherever it is held; none that cannot work.
 */
export async function loginKeys(target: ResolvedAddress, now: Date): Promise<LoginKeys> {
  const identities = identitiesOf(target);
  const held = await askAgent(target);
  const ring = new KeyRing(target, identities, held);
  for (const { name, found, declared } of certificatesOf(target, identities, held)) {
    ring.offerCertificate(name, found, declared, now);
  }
  for (const identity of identities.filter(each => each.declared)) ring.offerIdentity(identity);
  if (held.trouble !== undefined) ring.unusable.push(`agent ${held.name}: ${held.trouble}`);
  for (const { blob, comment } of held.keys) {
    if (!target.identitiesOnly || identities.some(each => each.blob?.equals(blob))) ring.offerHeld(blob, comment);
  }
  for (const identity of identities.filter(each => !each.declared)) ring.offerIdentity(identity);
  return ring;
}

interface DeclaredIdentity extends Identity {
  readonly declared: boolean;
}

function identitiesOf(target: ResolvedAddress): DeclaredIdentity[] {
  const { privateKey, passphrase } = target;
  if (privateKey !== undefined) {
    return [{ ...parseIdentity("the declared private key", privateKey, passphrase), declared: true }];
  }
  if (target.identityFile !== undefined) {
    return asList(target.identityFile).map(name => ({ ...readIdentity(name, passphrase), declared: true }));
  }
  return USUAL_IDENTITIES.filter(name => existsSync(expandHome(name))).map(name => ({
    ...readIdentity(name, passphrase),
    declared: false,
  }));
}

interface FoundCertificate {
  readonly name: string;
  /** Or why there is none. */
  readonly found: Certificate | string;
  readonly declared: boolean;
}

/** Declared ones, those beside the identity files as OpenSSH finds them, those that the agent holds. */
function certificatesOf(
  target: ResolvedAddress,
  identities: readonly DeclaredIdentity[],
  held: HeldKeys,
): FoundCertificate[] {
  const files = asList(target.certificateFile).map(name => ({ name, declared: true }));
  const beside = identities
    .map(({ name, declared }) => ({ name: `${name}-cert.pub`, declared }))
    .filter(({ name }) => existsSync(expandHome(name)));
  const ofAgent = held.keys.flatMap(({ blob }) => {
    const found = certificateFromWire(blob);
    if (!found) return [];
    const isListed = identities.some(each => each.blob?.toString("base64") === found.key.base64);
    return target.identitiesOnly && !isListed ? [] : [{ name: `agent ${held.name}`, found, declared: false }];
  });
  return [...[...files, ...beside].map(each => ({ ...each, found: readCertificate(each.name) })), ...ofAgent];
}

/** What is offered so far, and what cannot be. */
class KeyRing implements LoginKeys {
  readonly keys: LoginKey[] = [];
  readonly unusable: string[] = [];
  private readonly seen = new Set<string>();

  constructor(
    private readonly target: ResolvedAddress,
    private readonly identities: readonly Identity[],
    private readonly held: HeldKeys,
  ) {}

  offerCertificate(name: string, found: Certificate | string, declared: boolean, now: Date): void {
    if (typeof found === "string") {
      this.unusable.push(`certificate ${name}: not usable, ${found}`);
      return;
    }
    if (this.isKnown(found.wire)) return;
    const description = `${describeCertificate(found)} (${name})`;
    const method = this.method(found.key, found);
    const trouble = certificateTrouble(found, now) ?? (method ? undefined : "there is no private key for it");
    if (trouble !== undefined) this.unusable.push(`${description}: not usable, ${trouble}`);
    else if (method) this.keys.push({ description, method, declared, certificate: found });
  }

  offerIdentity({ name, blob, trouble, declared }: DeclaredIdentity): void {
    const key = blob && hostKeyFromWire(blob);
    const method = key && this.method(key);
    const label = this.target.privateKey === undefined ? `key ${name}` : name;
    if (!method || !blob) this.unusable.push(`${label}: not usable, ${trouble}`);
    else if (!this.isKnown(blob)) this.keys.push({ description: `${label} ${describeHostKey(key)}`, method, declared });
  }

  offerHeld(blob: Buffer, comment: string): void {
    const key = hostKeyFromWire(blob);
    if (!key || certificateFromWire(blob) || this.isKnown(blob)) return;
    const description = `key "${printable(comment)}" of the agent ${this.held.name} ${describeHostKey(key)}`;
    const method = this.method(key);
    if (method) this.keys.push({ description, method, declared: false });
    else this.unusable.push(`${description}: not usable, muster takes no keys of that type`);
  }

  /** Undefined when nobody holds the private key. */
  private method(plain: HostKey, certificate?: Certificate): AnyAuthMethod | undefined {
    const { user } = this.target;
    const blob = Buffer.from(plain.base64, "base64");
    const dress = (key: ParsedKey) => (certificate ? certificateKey(key, certificate) : key);
    const own = this.identities.find(each => each.key && each.blob?.equals(blob))?.key;
    if (own) return { type: "publickey", username: user, key: dress(own) };
    const signer = [certificate?.wire, blob].find(wanted => this.held.keys.some(held => wanted?.equals(held.blob)));
    const parsed: ParsedKey | Error = utils.parseKey(`${plain.type} ${plain.base64}`);
    return signer && !(parsed instanceof Error) ? this.held.method(user, signer, dress(parsed)) : undefined;
  }

  private isKnown(blob: Buffer): boolean {
    const mark = blob.toString("base64");
    const known = this.seen.has(mark);
    this.seen.add(mark);
    return known;
  }
}

function certificateTrouble(certificate: Certificate, now: Date): string | undefined {
  if (certificate.use === "host") return "it is the certificate of a host";
  if (!certificate.hasValidSignature) return "its signature is not that of the authority it names";
  return validityTrouble(certificate, now);
}
