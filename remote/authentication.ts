import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { type AnyAuthMethod, type AuthHandlerMiddleware, type ParsedKey, utils } from "ssh2";
import { describeHostKey, hostKeyFromWire } from "./host-key";
import type { ResolvedAddress } from "./host-table";

/** The files that OpenSSH tries by itself, newest kind first. */
const USUAL_IDENTITIES = ["~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"];

interface Attempt {
  readonly description: string;
  readonly method: AnyAuthMethod;
}

/** The ways to log in to one host, in order, and a record of what happened to each. */
export class Authentication {
  /** What was tried, for messages. Never a secret. */
  readonly tried: string[] = [];
  /** Methods that the server would still have taken at the last failure. */
  serverAccepts: readonly string[] = [];
  private readonly attempts: Attempt[] = [];

  constructor(private readonly target: ResolvedAddress) {
    this.addIdentities();
    this.addAgent();
    if (target.password !== undefined) {
      this.attempts.push({
        description: "the declared password",
        method: { type: "password", username: target.user, password: target.password },
      });
    }
  }

  /** Handler for one handshake. */
  handler(): AuthHandlerMiddleware {
    const left = [...this.attempts];
    return (accepted, _partial, next) => {
      if (accepted) this.serverAccepts = accepted;
      const attempt = left.shift();
      if (!attempt) {
        // ssh2 takes false for "nothing left"; its types do not know that.
        (next as unknown as (method: false) => void)(false);
        return;
      }
      this.tried.push(attempt.description);
      next(attempt.method);
    };
  }

  private addIdentities(): void {
    const { identityFile: declared, privateKey, passphrase, user } = this.target;
    if (privateKey !== undefined) {
      const key = parseIdentity(Buffer.from(privateKey), passphrase);
      if (typeof key === "string") this.tried.push(`the declared private key: not usable, ${key}`);
      else
        this.attempts.push({
          description: `the declared private key ${publicPart(key)}`,
          method: { type: "publickey", username: user, key },
        });
      return;
    }
    for (const name of declared === undefined ? USUAL_IDENTITIES : [declared]) {
      const file = expandHome(name);
      if (declared === undefined && !existsSync(file)) continue;
      const key = readIdentity(file, this.target.passphrase);
      if (typeof key === "string") this.tried.push(`key ${name}: not usable, ${key}`);
      else {
        this.attempts.push({
          description: `key ${name} ${publicPart(key)}`,
          method: { type: "publickey", username: this.target.user, key },
        });
      }
    }
  }

  private addAgent(): void {
    const { agent = process.env.SSH_AUTH_SOCK, user } = this.target;
    if (!agent || agent === "none") return;
    const socket = expandHome(agent);
    if (existsSync(socket)) {
      this.attempts.push({
        description: `keys of the agent ${agent}`,
        method: { type: "agent", username: user, agent: socket },
      });
    } else this.tried.push(`agent ${agent}: not there`);
  }
}

function publicPart(key: ParsedKey): string {
  const known = hostKeyFromWire(key.getPublicSSH());
  return known ? describeHostKey(known) : key.type;
}

/** The key, or why it cannot be used. */
function readIdentity(file: string, passphrase: string | undefined): ParsedKey | string {
  let text: Buffer;
  try {
    text = readFileSync(file);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : "it cannot be read";
  }
  return parseIdentity(text, passphrase);
}

function parseIdentity(text: Buffer, passphrase: string | undefined): ParsedKey | string {
  const parsed: ParsedKey | ParsedKey[] | Error = utils.parseKey(text, passphrase);
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key === undefined) return "it holds no key";
  if (key instanceof Error) {
    if (/no passphrase/i.test(key.message)) return "it is encrypted and no passphrase is declared";
    return passphrase === undefined
      ? "it is not a private key in a known format"
      : "wrong passphrase, or not a private key";
  }
  return key.isPrivateKey() ? key : "it is a public key, not a private one";
}

export function expandHome(file: string): string {
  return file === "~" || file.startsWith("~/") ? path.join(homedir(), file.slice(1)) : file;
}
