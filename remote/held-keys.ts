import { type AgentAuthMethod, BaseAgent, type ParsedKey, type SignCallback, type SigningRequestOptions } from "ssh2";
import { CERTIFICATE_RSA_HASH, isCertificateKey } from "./certificate-login";
import { expandHome } from "./home";
import type { ResolvedAddress } from "./host-table";
import { type AgentKey, SshAgent } from "./ssh-agent";

/** The keys of the target's agent. */
export interface HeldKeys {
  /** The agent, for messages. */
  readonly name: string;
  readonly keys: readonly AgentKey[];
  /** Why it could not be asked. */
  readonly trouble?: string;
  /** A login with `key`, which is public: the agent signs with what it holds as `blob`. */
  method(user: string, blob: Buffer, key: ParsedKey): AgentAuthMethod;
}

/** Asks the agent of the target; without one, or with one that does not answer, there are no keys. */
export async function askAgent(target: ResolvedAddress): Promise<HeldKeys> {
  const { agent: name = process.env.SSH_AUTH_SOCK } = target;
  const agent = new SshAgent(expandHome(name ?? ""));
  const method = (user: string, blob: Buffer, key: ParsedKey): AgentAuthMethod => ({
    type: "agent",
    username: user,
    agent: new OneKeyAgent(agent, blob, key),
  });
  if (!name || name === "none") return { name: "none", keys: [], method };
  try {
    return { name, keys: await agent.list(), method };
  } catch (error) {
    return { name, keys: [], method, trouble: reasonOf(error) };
  }
}

/** An agent as ssh2 wants it, with one key: so that each key is a try of its own, in our order. */
class OneKeyAgent extends BaseAgent<ParsedKey> {
  constructor(
    private readonly agent: SshAgent,
    private readonly blob: Buffer,
    private readonly key: ParsedKey,
  ) {
    super();
  }

  override getIdentities(done: (error: Error | undefined, keys: ParsedKey[]) => void): void {
    done(undefined, [this.key]);
  }

  override sign(
    key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    then?: SignCallback,
  ): void {
    const done = typeof options === "function" ? options : then;
    const wanted = typeof options === "function" ? undefined : options.hash;
    const hash = isCertificateKey(key) ? CERTIFICATE_RSA_HASH : wanted === "sha1" ? undefined : wanted;
    this.agent
      .sign(this.blob, data, hash)
      // Also when ssh2 can make nothing of the signature.
      .then(signature => done?.(null, signature))
      .catch(error => done?.(new Error(`the agent does not sign: ${reasonOf(error)}`)));
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
