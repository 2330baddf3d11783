import { setMaxListeners } from "node:events";
import { hostname, userInfo } from "node:os";
import type { StackIdentity } from "../remote/ownership";
import { decodeValue, type Json } from "../wire/struct";
import { containsUnknown, mapValues, Secret, UNKNOWN_SENTINEL, type Value, type ValueMap } from "../wire/values";
import { openBag, sealBag } from "./bag";
import { checkInputs } from "./check-inputs";
import { diffInputs } from "./diff-inputs";
import { EngineLog } from "./engine-log";
import { Gathering } from "./gathering";
import type { CheckFailure, PropertyChange } from "./kind";
import { operate } from "./operation";
import type { AnyKind, ProviderPackage, Services, Session } from "./provider-package";
import { ResourceOperations, type Run } from "./resource-operations";
import { sealLeaves } from "./secret-leaves";

/** What a request says about how to run it. */
export interface StepRequest {
  readonly urn: string;
  readonly verb: string;
  readonly timeoutSeconds: number;
}

/** One provider resource of a program: a package with one configuration. */
export class ProviderInstance {
  readonly log = new EngineLog();
  /** A refresh names resource by resource; what it asks of a host shall travel together. */
  readonly reads = new Gathering(10, 1000);
  private session: Session | undefined;
  private cancellation = cancellation();

  constructor(
    readonly definition: ProviderPackage,
    private readonly services: Services,
  ) {}

  checkConfig(olds: ValueMap, news: ValueMap): { inputs: ValueMap; failures: CheckFailure[] } {
    const { version: _version, pluginDownloadURL: _url, ...own } = news;
    const { known, unknown } = this.openConfiguration(own);
    const { configuration } = this.definition;
    const checked = checkInputs(configuration.inputs, known, new Set(Object.keys(unknown)));
    if (checked.failures.length === 0) checked.failures.push(...(configuration.check?.(checked.inputs) ?? []));
    const carried = configuration.carry?.(this.openConfiguration(olds).known, known) ?? {};
    const inputs = this.sealed({ ...news, ...sealBag(carried, new Set()) });
    return { inputs, failures: checked.failures.map(each => ({ ...each, reason: this.redact(each.reason) })) };
  }

  /** A changed configuration (a new address, a new key) is an update of the provider, never a reason to replace resources. */
  diffConfig(olds: ValueMap, news: ValueMap): PropertyChange[] {
    const after = this.openConfiguration(news);
    return diffInputs(this.definition.configuration.fields, this.openConfiguration(olds).known, {
      known: after.known,
      unknown: new Set(Object.keys(after.unknown)),
    }).map(change => ({ ...change, replace: false }));
  }

  /** With a part of the configuration unknown (preview only) no host can be asked, and outputs stay unknown. */
  configure(args: ValueMap, urn = "", id = ""): void {
    const { version: _version, pluginDownloadURL: _url, ...own } = args;
    this.session = undefined;
    if (containsUnknown(own)) return;
    const { known } = this.openConfiguration(own);
    const checked = checkInputs(this.definition.configuration.inputs, known, new Set());
    const failures = checked.failures.map(failure => `${failure.property}: ${failure.reason}`);
    if (failures.length > 0) {
      throw new Error(
        this.redact(`the configuration of provider ${this.definition.name} is wrong:\n${failures.join("\n")}`),
      );
    }
    this.session = this.definition.open(checked.inputs, this.services, stackIdentity(urn, id));
  }

  /** @throws Error for a kind that this package does not have. */
  operations(type: string): ResourceOperations {
    const kind = this.kind(type);
    return new ResourceOperations(
      kind,
      text => this.redact(text),
      { add: text => this.services.redactor.add(text) },
      this.definition.elsewhere,
    );
  }

  kind(type: string): AnyKind {
    const found = this.definition.kinds.find(kind => kind.token === type);
    if (found) return found;
    const known = this.definition.kinds.map(kind => kind.token).join(", ");
    const { name, elsewhere } = this.definition;
    const remedy = elsewhere === undefined ? "" : ` Remedy: ${elsewhere}`;
    throw new Error(`package ${name} has no resource "${type}" here (it has ${known}).${remedy}`);
  }

  get isConfigured(): boolean {
    return this.session !== undefined;
  }

  runner(request: StepRequest): Run {
    return step => {
      if (!this.session) throw new Error(`provider ${this.definition.name} is not configured`);
      let said = "";
      const status = (text: string) => {
        const line = this.redact(text);
        // Where there is no terminal the stock engine prints every one.
        if (line !== said) this.log.status(request.urn, line);
        said = line;
      };
      const tell = (line: string) => this.log.info(request.urn, this.redact(line));
      return operate({ ...request, session: this.session, cancel: this.cancellation.signal, status, tell }, step);
    };
  }

  /** Ends what is under way. The engine also calls this at the end of a run, and may start another one afterwards. */
  cancel(): void {
    this.cancellation.abort();
    this.cancellation = cancellation();
  }

  redact(text: string): string {
    return this.services.redactor.redact(text);
  }

  private sealed(values: ValueMap): ValueMap {
    const { secretLeaves = [] } = this.definition.configuration;
    return mapValues(values, value => sealLeaves(value, secretLeaves, text => this.services.redactor.add(text)));
  }

  private openConfiguration(values: ValueMap) {
    const texts = new Set<string>();
    const opened = openBag(this.sealed(mapValues(values, parseJson)), texts);
    for (const text of texts) this.services.redactor.add(text);
    return opened;
  }
}

/**
 * The stack of a provider, known by the provider resource's own id: it stays in the state, wherever that is moved.
 * Undefined: an engine that does not tell (before 3.14x), or the preview of a stack that has no provider yet.
 */
function stackIdentity(urn: string, id: string): StackIdentity | undefined {
  if (id === "" || id === UNKNOWN_SENTINEL) return undefined;
  const [, stack = "", project = ""] = urn.split(":").filter(Boolean).slice(1);
  return {
    id,
    description: `stack ${stack} of project ${project}, by ${userInfo().username}@${hostname()} in ${process.cwd()}`,
  };
}

/** Every operation under way listens to it; Node warns above ten listeners unless told that they are meant. */
function cancellation(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** SDKs that Pulumi generates send structured provider configuration as JSON text. */
function parseJson(value: Value): Value {
  if (value instanceof Secret) return new Secret(parseJson(value.element));
  if (typeof value !== "string" || !/^[[{]/.test(value)) return value;
  try {
    return decodeValue(JSON.parse(value) as Json);
  } catch {
    return value;
  }
}
