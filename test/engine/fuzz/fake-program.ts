import { status } from "@grpc/grpc-js";
import * as messages from "@pulumi/pulumi/proto/resource_pb";
import { decode, encode } from "../../../wire/struct";
import { Secret, UNKNOWN, type Value, type ValueMap } from "../../../wire/values";
import { importIdOf, type Placed, STACK_RESOURCE, STACK_URN } from "./program";

/** Calls a method of the monitor without a socket. */
export type Call = (method: string, request: unknown) => Promise<unknown>;

interface Known {
  readonly urn: string;
  readonly id: string | undefined;
  readonly outputs: ValueMap;
}

/** A *simulated* program: says to the monitor what the SDK would say, each resource once what it needs is known. */
export class FakeProgram {
  /** As of a process: undefined if it ended well. */
  readonly ended: Promise<string | undefined>;
  private readonly answers = new Map<Placed, Promise<Known>>();
  private registered = 0;

  constructor(
    private readonly program: readonly Placed[],
    private readonly call: Call,
    private readonly dryRun: boolean,
    private readonly throwsAfter: number | undefined,
  ) {
    this.ended = this.run().then(
      () => undefined,
      // A monitor that is gone ends a program; it says nothing about that.
      (error: { code?: number; details?: string; message?: string }) =>
        error.code === status.UNAVAILABLE ? "" : (error.details ?? error.message ?? "no reason given"),
    );
  }

  kill(): void {}

  private async run(): Promise<void> {
    await this.call("registerResource", request(STACK_RESOURCE.type, STACK_RESOURCE.name, ""));
    for (const each of this.program) {
      const answer = this.register(each);
      answer.catch(() => {});
      this.answers.set(each, answer);
    }
    const outputs: Record<string, Value> = {};
    for (const [each, answer] of this.answers) outputs[`out${each.of.key}`] = (await answer).outputs.value ?? null;
    await this.call("registerResourceOutputs", outputsRequest(STACK_URN, outputs));
  }

  private async register(each: Placed): Promise<Known> {
    const all = [each.parent, each.provider, each.deletedWith, ...each.from, ...each.pinned, ...each.dependsOn];
    const needed = all.filter(other => other !== undefined);
    for (const other of needed) await this.answers.get(other);
    if (this.throwsAfter !== undefined && this.registered >= this.throwsAfter) throw new Error("the program throws");
    this.registered += 1;
    return each.of.kind === "get" ? this.read(each) : this.declare(each);
  }

  private async read(each: Placed): Promise<Known> {
    const asked = new messages.ReadResourceRequest()
      .setType(each.type)
      .setName(each.name)
      .setParent(each.parent?.urn ?? STACK_URN)
      .setId(`ext-${each.of.value ?? 0}`)
      .setProvider(await this.reference(each.provider))
      .setAcceptsecrets(true);
    const answer = (await this.call("readResource", asked)) as messages.ReadResourceResponse;
    return { urn: answer.getUrn(), id: asked.getId(), outputs: decode(answer.getProperties()) };
  }

  private async declare(each: Placed): Promise<Known> {
    const { of } = each;
    const asked = request(each.type, each.name, each.parent?.urn ?? STACK_URN)
      .setCustom(of.kind !== "component")
      .setProtect(of.protect === true)
      .setProvider(await this.reference(each.provider))
      .setIgnorechangesList([...(of.ignoreChanges ?? [])])
      .setReplaceonchangesList([...(of.replaceOnChanges ?? [])])
      .setRetainondelete(of.retainOnDelete === true)
      .setDeletedwith(each.deletedWith?.urn ?? "")
      .setAliasurnsList([...(of.aliases ?? [])]);
    if (of.kind === "thing") {
      asked.setAdditionalsecretoutputsList(of.secretOutputs ? ["made"] : []);
      asked.setImportid(of.imported ? importIdOf(each) : "");
      asked.setDeletebeforereplacedefined(of.deleteBeforeReplace !== undefined);
      asked.setDeletebeforereplace(of.deleteBeforeReplace === true);
      if (of.timeout !== undefined) {
        asked.setCustomtimeouts(new messages.RegisterResourceRequest.CustomTimeouts().setCreate(of.timeout));
      }
    }
    const { inputs, dependencies } = await this.inputsOf(each);
    asked.setObject(encode(inputs));
    for (const [name, urns] of Object.entries(dependencies)) {
      const list = new messages.RegisterResourceRequest.PropertyDependencies().setUrnsList(urns);
      asked.getPropertydependenciesMap().set(name, list);
    }
    const whole = new Set([...Object.values(dependencies).flat(), ...each.dependsOn.map(other => other.urn)]);
    asked.setDependenciesList([...whole]);
    const answer = (await this.call("registerResource", asked)) as messages.RegisterResourceResponse;
    const known = {
      urn: answer.getUrn(),
      id: answer.getId() || undefined,
      outputs: this.outputsOf(answer),
    };
    if (of.kind === "component") {
      const outputs: ValueMap = { value: of.secret ? new Secret(of.value ?? 0) : (of.value ?? 0) };
      await this.call("registerResourceOutputs", outputsRequest(known.urn, outputs));
      return { ...known, outputs };
    }
    return known;
  }

  /** Where the SDK has no value it is unknown: in a preview, and of what was not done. */
  private outputsOf(answer: messages.RegisterResourceResponse): ValueMap {
    const outputs = decode(answer.getObject());
    if (!this.dryRun && answer.getResult() === messages.Result.SUCCESS) return outputs;
    return { value: UNKNOWN, made: UNKNOWN, ...outputs };
  }

  private async inputsOf(each: Placed): Promise<{ inputs: ValueMap; dependencies: Record<string, string[]> }> {
    const { of } = each;
    if (of.kind === "component") return { inputs: {}, dependencies: {} };
    const value = of.secret ? new Secret(of.value ?? 0) : (of.value ?? 0);
    if (of.kind === "provider") return { inputs: { region: value, sort: of.sort ?? 0 }, dependencies: {} };
    const inputs: Record<string, Value> = { value, sort: of.sort ?? 0 };
    if (of.first) inputs.first = true;
    if (of.nested !== undefined) inputs.nested = { a: of.nested, b: [1, "x", null] };
    const dependencies: Record<string, string[]> = Object.fromEntries(Object.keys(inputs).map(name => [name, []]));
    const take = async (name: string, other: Placed, what: (known: Known) => Value): Promise<void> => {
      const known = await this.answers.get(other);
      inputs[name] = known === undefined ? UNKNOWN : what(known);
      dependencies[name] = [other.urn];
    };
    for (const other of each.from) await take(`from${other.of.key}`, other, known => known.outputs.value ?? null);
    for (const other of each.pinned) await take(`pin${other.of.key}`, other, known => known.outputs.made ?? null);
    return { inputs, dependencies };
  }

  private async reference(provider: Placed | undefined): Promise<string> {
    if (provider === undefined) return "";
    const known = await this.answers.get(provider);
    return `${provider.urn}::${known?.id ?? "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}`;
  }
}

function request(type: string, name: string, parent: string): messages.RegisterResourceRequest {
  return new messages.RegisterResourceRequest()
    .setType(type)
    .setName(name)
    .setParent(parent)
    .setAcceptsecrets(true)
    .setAcceptresources(true)
    .setSupportsresultreporting(true);
}

function outputsRequest(urn: string, outputs: ValueMap): messages.RegisterResourceOutputsRequest {
  return new messages.RegisterResourceOutputsRequest().setUrn(urn).setOutputs(encode(outputs));
}
