import type { HostAccess } from "./access";
import type { CommandOptions, CommandResult, Hosts, Probe, Runner } from "./runner";

/** A command that reached the *simulated* host. */
export interface FakeCall {
  readonly host: string;
  readonly verb: "query" | "mutate";
  /** Only of a change. */
  readonly what?: string;
  readonly script: string;
  /** As text, when it was given as text or bytes. */
  readonly stdin?: string;
}

type FakeOutcome = string | Partial<CommandResult> | Error;

/** A function may answer later, to let two hosts be at work at once. */
export type FakeAnswer = FakeOutcome | ((call: FakeCall) => FakeOutcome | Promise<FakeOutcome>);

interface Rule {
  readonly host: string | undefined;
  readonly verb: FakeCall["verb"] | undefined;
  readonly pattern: string | RegExp;
  readonly answer: FakeAnswer;
}

/**
 * *Simulated* hosts for unit tests of kinds: answers are programmed, nothing runs. A command that no rule matches is thrown at the caller
 * and kept, so that `assertExpected()` in an afterEach fails the test also when the code under test swallowed it.
 *
 *     const hosts = new FakeHosts().query(/docker inspect/, "[]").mutate("start container", { exitCode: 1, stderr: "no space" });
 */
export class FakeHosts implements Hosts {
  readonly calls: FakeCall[] = [];
  private readonly rules: Rule[] = [];
  private readonly unexpected: string[] = [];
  private readonly access = new Map<string, HostAccess>();

  /** Answers a query whose script matches. Later rules win. */
  query(pattern: string | RegExp, answer: FakeAnswer, host?: string): this {
    this.rules.unshift({ verb: "query", pattern, answer, host });
    return this;
  }

  /** Answers a change whose `what` or script matches. Later rules win. */
  mutate(pattern: string | RegExp, answer: FakeAnswer = "", host?: string): this {
    this.rules.unshift({ verb: "mutate", pattern, answer, host });
    return this;
  }

  /** Default: root. */
  withAccess(host: string, access: HostAccess): this {
    this.access.set(host, access);
    return this;
  }

  /** What was changed, in order: `node-1: write /etc/x`. */
  get mutations(): string[] {
    return this.calls.filter(call => call.verb === "mutate").map(call => `${call.host}: ${call.what}`);
  }

  /** @throws Error naming each command that no rule matched. */
  assertExpected(): void {
    if (this.unexpected.length > 0) throw new Error(`commands that no rule matches:\n${this.unexpected.join("\n")}`);
  }

  runner(host: string): Runner {
    return {
      ...this.probe(host),
      mutate: (what, script, options) => this.answer({ host, verb: "mutate", what, script }, options),
    };
  }

  probe(host: string): Probe {
    return {
      host,
      query: (script, options) => this.answer({ host, verb: "query", script }, options),
      access: async () => this.access.get(host) ?? { user: "root", mode: "root", dockerGroup: true },
    };
  }

  private async answer(bare: FakeCall, options: CommandOptions = {}): Promise<CommandResult> {
    options.signal?.throwIfAborted();
    const { stdin } = options;
    const text = typeof stdin === "string" ? stdin : Buffer.isBuffer(stdin) ? stdin.toString() : undefined;
    const call = text === undefined ? bare : { ...bare, stdin: text };
    this.calls.push(call);
    const rule = this.rules.find(candidate => applies(candidate, call));
    if (!rule) {
      const told = `${call.host}: ${call.verb} ${call.what ?? ""}\n${call.script}`;
      this.unexpected.push(told);
      throw new Error(`no rule of FakeHosts matches this command:\n${told}`);
    }
    const answer = typeof rule.answer === "function" ? await rule.answer(call) : rule.answer;
    if (answer instanceof Error) throw answer;
    const result = {
      exitCode: 0,
      stdout: "",
      stderr: "",
      ...(typeof answer === "string" ? { stdout: answer } : answer),
    };
    if (result.stdout !== "") options.onOutput?.(result.stdout, "stdout");
    if (result.stderr !== "") options.onOutput?.(result.stderr, "stderr");
    return result;
  }
}

function applies(rule: Rule, call: FakeCall): boolean {
  if (rule.host !== undefined && rule.host !== call.host) return false;
  if (rule.verb !== call.verb) return false;
  const texts = call.what === undefined ? [call.script] : [call.what, call.script];
  return texts.some(text => (typeof rule.pattern === "string" ? text.includes(rule.pattern) : rule.pattern.test(text)));
}
