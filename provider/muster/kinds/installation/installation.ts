import { z } from "zod";
import { OperatorError } from "../../../../wire/operator-error";
import { expectSuccess } from "../../../command-failed";
import { errorText } from "../../../error-text";
import {
  type CheckFailure,
  InitFailed,
  type Kind,
  type KindContext,
  type PreviewContext,
  type PropertyChange,
} from "../../../kind";
import { type InstallationInputs, type InstallationOutputs, installationInputsSchema } from "./inputs";
import { lookScript, NOT_DONE, removeScript, stepScript } from "./scripts";

type Asked = Pick<InstallationInputs, "host" | "container" | "name" | "steps">;

/** Software on a host or in a container: steps that are looked at, done if they are not, and proven. */
export const installation: Kind<InstallationInputs, InstallationOutputs> = {
  token: "muster:index:Installation",
  description:
    "Software on a host or in a container, installed in steps; each is looked at first, and proven afterwards.",
  inputs: installationInputsSchema,
  fields: {
    host: { change: "replace" },
    container: { change: "replace" },
    name: { change: "update" },
    steps: { change: "update" },
    lock: { change: "ignore" },
    trigger: { change: "update" },
    secretEnv: { change: "ignore", secret: true },
    remove: { change: "update" },
  },
  outputs: {
    unmet: {
      description: "Steps that are not as declared, each with the reason; empty after an update.",
      schema: z.array(z.string()),
    },
  },

  check({ steps }) {
    const names = steps?.map(step => step.name) ?? [];
    const twice = names.filter((name, index) => names.indexOf(name) !== index);
    return twice.map((name): CheckFailure => ({ property: "steps", reason: `two steps are named ${name}` }));
  },

  diff: old =>
    old.unmet.map(
      (_, index): PropertyChange => ({
        path: `unmet[${index}]`,
        mode: "update",
        replace: false,
        inputDiff: false,
      }),
    ),

  predict: () => ({ unmet: [] }),

  async read(context, id, old) {
    if (!old) {
      throw new OperatorError({
        summary: `installation ${id} cannot be imported: its steps are in the program`,
        remedy: "declare it; steps that are done are left alone",
      });
    }
    const inputs = installationInputsSchema.parse(withoutOutputs(old));
    return { inputs, state: { unmet: await unmetSteps(context, old) } };
  },

  async create(context, inputs) {
    const id = `${inputs.host}/${inputs.name}`;
    let begun: string | undefined;
    try {
      await install(context, inputs, step => {
        begun = step;
      });
    } catch (error) {
      if (begun === undefined) throw error;
      // What is there of it is known to the next up, and to destroy.
      throw new InitFailed(id, { unmet: [`${begun}: it failed`] }, [errorText(error)]);
    }
    return { id, state: { unmet: [] } };
  },

  async update(context, _id, inputs) {
    await install(context, inputs);
    return { unmet: [] };
  },

  async delete(context, _id, old) {
    if (old.remove === undefined) return;
    const what = `remove ${old.name}`;
    const result = await context.hosts.runner(old.host).mutate(what, removeScript(old.remove, old));
    expectSuccess(result, { host: old.host, what });
  },
};

/** `step: reason` of each step that is not done. @throws OperatorError when a check could not run */
async function unmetSteps(context: PreviewContext, asked: Asked): Promise<string[]> {
  const { host, name, steps } = asked;
  const what = `look at ${name}`;
  const options = { signal: context.signal, timeoutSeconds: 300 };
  const { stdout } = expectSuccess(await context.hosts.probe(host).query(lookScript(steps, asked), options), {
    host,
    what,
  });
  if (stdout.trim() === "absent") return steps.map(step => `${step.name}: the container does not run`);
  const lines = stdout.split("\n").filter(Boolean);
  if (lines.length !== steps.length)
    throw new Error(`${host}: ${what}: ${lines.length} answers to ${steps.length} questions`);
  return steps.flatMap((step, index) => {
    const [code, data = ""] = (lines[index] ?? "").split(" ");
    const said = Buffer.from(data, "base64").toString().trim();
    if (code === "0") return [];
    if (code === String(NOT_DONE)) return [`${step.name}: ${said}`];
    throw new OperatorError({
      summary: `nobody can tell whether step ${step.name} of ${name} is done (exit ${code})`,
      where: `host ${host}`,
      ...(said && { detail: said }),
    });
  });
}

/** Does what is not done, in order. Nothing is sent that changes the host when all is done. `begins` is told each step that is. */
async function install(
  context: KindContext,
  inputs: InstallationInputs,
  begins: (step: string) => void = () => {},
): Promise<void> {
  const { host, name, steps, lock, secretEnv } = inputs;
  const unmet = await unmetSteps(context, inputs);
  const first = steps.findIndex(step => unmet.some(line => line.startsWith(`${step.name}: `)));
  if (first < 0) return;
  const stdin = Object.entries(secretEnv ?? {})
    .map(([variable, value]) => `${variable}=${value}\n`)
    .join("");
  // A step that is redone may undo a later one: each looks again before it works.
  for (const [index, step] of steps.entries()) {
    if (index < first) continue;
    const place = `${name}, step ${step.name} (${index + 1} of ${steps.length})`;
    context.status(place);
    begins(step.name);
    const result = await context.hosts.runner(host).mutate(place, stepScript(step, lock, inputs), {
      stdin,
      timeoutSeconds: step.timeoutSeconds,
      signal: context.signal,
      onOutput: chunk => {
        const last = chunk.trimEnd().split("\n").at(-1)?.trim();
        if (last) context.status(`${place}: ${last.slice(0, 100)}`);
      },
    });
    const remedy = "mend what it says, then run up again: it goes on with this step";
    expectSuccess(result, { host, what: place, remedy });
  }
}

function withoutOutputs({ unmet: _unmet, ...inputs }: InstallationInputs & InstallationOutputs): InstallationInputs {
  return inputs;
}
