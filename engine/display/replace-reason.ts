import type { StepMetadata } from "../events";
import { pathOf } from "./property-path";

/** What the engine itself gives as a reason, where no property is called so (decide.ts). */
const OF_THE_ENGINE: Readonly<Record<string, string>> = {
  id: "the command asks for it",
  provider: "it moves to another provider",
  deletedWith: "what it goes with is replaced",
};

/** `image and env changed`: why a resource is replaced, for the reader of a plan. */
export function replaceReason({ keys = [], old, new: now }: StepMetadata): string {
  const isProperty = (key: string): boolean => {
    const [first] = pathOf(key);
    return [old?.inputs, now?.inputs, old?.outputs].some(values => values !== undefined && String(first) in values);
  };
  const engine = keys.filter(key => key in OF_THE_ENGINE && !isProperty(key));
  const properties = keys.filter(key => !engine.includes(key));
  const changed = properties.length === 0 ? [] : [`${listed(properties)} changed`];
  return listed([...changed, ...engine.map(key => OF_THE_ENGINE[key] ?? key)]);
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
