import type { AnyAuthMethod, AuthHandlerMiddleware, Client } from "ssh2";
import { allowCertificates } from "./certificate-login";
import { endpoint, type ResolvedAddress } from "./host-table";
import { type LoginKey, loginKeys } from "./login-keys";
import { RemoteError } from "./remote-error";

interface Attempt {
  readonly description: string;
  readonly method: AnyAuthMethod;
  /** What the server calls it; an agent's keys are public keys too. */
  readonly kind: "publickey" | "password" | "keyboard-interactive";
}

/** The ways to log in to one host, in order, and a record of what happened to each. */
export class Authentication {
  /** What was tried, for messages. Never a secret. */
  readonly tried: string[] = [];
  /** What may be the reason of a refusal, for messages. */
  readonly hints: string[] = [];
  /** Methods that the server would still have taken at the last failure. */
  serverAccepts: readonly string[] = [];

  constructor(private readonly target: ResolvedAddress) {}

  /** Handler for one handshake of the client. */
  handler(client: Client): AuthHandlerMiddleware {
    let left: Attempt[] | undefined;
    return (accepted, _partial, next) => {
      if (accepted) this.serverAccepts = accepted;
      const advance = (attempts: Attempt[]) => {
        left = attempts;
        // Only a question, which costs no try: which ways does the server take?
        if (!accepted && attempts[0]?.kind === "password") return next({ type: "none", username: this.target.user });
        const attempt = takeFirst(attempts, accepted);
        if (attempt) this.tried.push(attempt.description);
        // ssh2 takes false for "nothing left"; its types do not know that.
        next(attempt?.method ?? (false as unknown as AnyAuthMethod));
      };
      if (left) return advance(left);
      this.prepare(client).then(advance, error => {
        this.tried.push(`looking for keys failed: ${error instanceof Error ? error.message : String(error)}`);
        advance([]);
      });
    };
  }

  /** An agent did not sign: the next way is tried. */
  signingFailed(reason: string): void {
    this.tried.push(`${this.tried.pop() ?? "a key"}: ${reason}`);
  }

  /** The server let us in by none of the ways. */
  refusal(error: Error): RemoteError {
    const { target, tried, serverAccepts } = this;
    const tooMany = error.message.includes("Too many authentication failures");
    const said = tooMany
      ? ": it hung up after too many keys (MaxAuthTries)"
      : serverAccepts.length > 0
        ? ` (the server takes ${serverAccepts.join(", ")})`
        : "";
    const nothing = tried.length === 0 ? ": no key, agent or password is declared, and ~/.ssh has no usual key" : "";
    const hints = this.hints.map(hint => `; ${hint}`).join("");
    return new RemoteError({
      host: target.label,
      address: endpoint(target),
      kind: "authentication",
      problem: `user "${target.user}" cannot log in${said}${nothing}${hints}`,
      tried,
      remedy: tooMany
        ? `name the key of ${target.label} in the cluster file: identityFile, and identitiesOnly: true`
        : `check user and identityFile of ${target.label} in the cluster file, and that the key is in that user's authorized_keys`,
    });
  }

  private async prepare(client: Client): Promise<Attempt[]> {
    const { user, password } = this.target;
    const { keys, unusable } = await loginKeys(this.target, new Date());
    this.tried.push(...unusable);
    const usable = this.withoutImpossible(client, keys);
    const attempts = (declared: boolean): Attempt[] =>
      usable
        .filter(key => key.declared === declared)
        .map(({ description, method }) => ({ description, method, kind: "publickey" }));
    const passwords = password === undefined ? [] : passwordAttempts(user, password);
    // What the operator declared comes first: a server counts the wrong ones (MaxAuthTries) and then hangs up.
    return [...attempts(true), ...passwords, ...attempts(false)];
  }

  private withoutImpossible(client: Client, keys: readonly LoginKey[]): readonly LoginKey[] {
    const certificates = keys.filter(key => key.certificate);
    if (certificates.length === 0) return keys;
    try {
      allowCertificates(client);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.tried.push(...certificates.map(({ description }) => `${description}: not usable, ${reason}`));
      return keys.filter(key => !key.certificate);
    }
    const { user } = this.target;
    const foreign = certificates.filter(({ certificate }) => !certificate?.principals.includes(user));
    this.hints.push(...foreign.map(({ description }) => `the ${description} does not name "${user}"`));
    return keys;
  }
}

/** The first one that the server takes; before it has said what it takes, the first. */
function takeFirst(attempts: Attempt[], accepted: readonly string[] | null): Attempt | undefined {
  const index = attempts.findIndex(({ kind }) => {
    // Where both are taken the password has been tried already, and a second wrong one would count again.
    if (kind === "keyboard-interactive") return accepted?.includes(kind) && !accepted.includes("password");
    return !accepted || accepted.includes(kind);
  });
  return index < 0 ? undefined : attempts.splice(index, 1)[0];
}

function passwordAttempts(user: string, password: string): Attempt[] {
  const answer: AnyAuthMethod = {
    type: "keyboard-interactive",
    username: user,
    // PAM asks for the password this way; any other question is left without an answer.
    prompt: (_name, _instructions, _language, prompts, finish) =>
      finish(prompts.length === 1 && prompts[0]?.echo === false ? [password] : prompts.map(() => "")),
  };
  return [
    {
      kind: "password",
      description: "the declared password",
      method: { type: "password", username: user, password },
    },
    {
      kind: "keyboard-interactive",
      description: "the declared password, asked for by keyboard-interactive",
      method: answer,
    },
  ];
}
