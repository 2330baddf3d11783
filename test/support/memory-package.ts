import { z } from "zod";
import { InitFailed, type Kind, type KindContext } from "../../provider/kind";
import { anyKind, type ProviderPackage, type Services } from "../../provider/provider-package";
import { Redactor } from "../../remote/redact";

const inputs = z.strictObject({
  text: z.string().min(1, "must not be empty"),
  size: z.int().default(3),
  place: z.string().default("here"),
  note: z.string().optional(),
  list: z.array(z.strictObject({ key: z.string() })).optional(),
  password: z.string().optional(),
});

type Inputs = z.infer<typeof inputs>;

interface Outputs {
  made: string;
  token: string;
  copy: string;
}

/** A package of one kind that lives in memory, and records what it was asked to do. */
export class MemoryPackage {
  readonly calls: { verb: string; inputs: Partial<Inputs> }[] = [];
  /** What create and update do instead. */
  behave: (context: KindContext, inputs: Inputs) => Promise<void> = async () => {};
  closed = false;

  readonly services: Services = {
    redactor: new Redactor(),
    transport: {
      hosts: () => {
        throw new Error("this package has no hosts");
      },
      local: () => {
        throw new Error("this package runs nothing");
      },
      close: async () => {
        this.closed = true;
      },
    },
  };

  readonly definition: ProviderPackage = {
    name: "memory",
    version: "1.0.0",
    configuration: {
      inputs: z.strictObject({ region: z.string(), key: z.string().optional() }),
      fields: { region: { change: "update" } },
    },
    kinds: [anyKind(this.kind())],
    open: () => ({ cluster: "test", hosts: { runner: refuse, probe: refuse } }),
  };

  private kind(): Kind<Inputs, Outputs> {
    const outputs = (news: Inputs): Outputs => ({
      made: `made ${news.text}`,
      token: "generated-token",
      copy: news.note ?? "",
    });
    return {
      token: "memory:index:Thing",
      description: "A thing in memory.",
      inputs,
      fields: {
        text: { change: "update" },
        size: { change: "update" },
        place: { change: "replace" },
        note: { change: "update" },
        list: { change: "update" },
        password: { change: "update", secret: true },
      },
      outputs: {
        made: { description: "what was made" },
        token: { description: "a generated secret", secret: true },
        copy: { description: "the note again", secretWith: ["note"] },
      },
      deleteBeforeReplace: true,
      check: news => (news.text === "bad" ? [{ property: "text", reason: 'cannot be "bad".' }] : []),
      predict: (_context, news) => (news.text === undefined ? {} : { made: `made ${news.text}` }),
      read: async () => undefined,
      create: async (context, news) => {
        this.calls.push({ verb: "create", inputs: news });
        await this.behave(context, news);
        return { id: "thing-1", state: outputs(news) };
      },
      update: async (context, _id, news) => {
        this.calls.push({ verb: "update", inputs: news });
        await this.behave(context, news);
        return outputs(news);
      },
      delete: async () => {},
    };
  }
}

/** For `behave`: made, but not well. */
export function initFails(reason: string): () => Promise<void> {
  return async () => {
    throw new InitFailed("thing-1", { made: "half", token: "generated-token", copy: "" }, [reason]);
  };
}

function refuse(): never {
  throw new Error("this package has no hosts");
}
