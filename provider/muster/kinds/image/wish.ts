import { RECIPE_LABEL, recipeOf } from "./derived-image";
import type { ImageFacts } from "./facts";
import type { ImageInputs, ImageOutputs, Source } from "./inputs";
import { parseReference, pinned } from "./reference";

/** Which images are the declared one. An empty wish: whatever bears the name. */
export interface Wish {
  /** One of these ids. */
  readonly ids?: readonly string[];
  /** The digest in the registry. */
  readonly digest?: string;
  /** What it was derived from and by. */
  readonly recipe?: string;
}

type Old = Pick<ImageInputs, "source" | "pinnedDigest"> & Partial<ImageOutputs>;

/** The digest that the inputs ask for, in the reference or beside it. */
export function declaredDigest(inputs: Pick<ImageInputs, "reference" | "pinnedDigest">): string | undefined {
  return inputs.pinnedDigest ?? parseReference(inputs.reference).digest;
}

/** What the reference shall name on the host. A second `up` wishes for the image that it has, whatever the tag says elsewhere. */
export function wishOf(inputs: Pick<ImageInputs, "reference" | "source" | "pinnedDigest">, old?: Old): Wish {
  const { source } = inputs;
  if ("present" in source) return {};
  if ("archive" in source && source.archive.ids) return { ids: source.archive.ids };
  const same = old === undefined || isSame(inputs, old);
  // What a compressed archive holds can't be told from outside: when another one is declared, no image that is there is it.
  if ("archive" in source && !same) return { ids: [] };
  const kept = old?.imageId && same ? { ids: [old.imageId] } : {};
  if ("derive" in source) return { ...kept, recipe: recipeOf(source.derive) };
  const digest = "pull" in source ? declaredDigest(inputs) : undefined;
  return kept.ids || digest === undefined ? kept : { digest };
}

/** Whether an image is wished for. */
export function fits(wish: Wish, facts: ImageFacts, reference: string): boolean {
  if (wish.recipe !== undefined) return facts.labels[RECIPE_LABEL] === wish.recipe;
  if (wish.ids) return wish.ids.includes(facts.imageId);
  return wish.digest === undefined || facts.digests.includes(pinned(reference, wish.digest));
}

/** Whether inputs ask for the same image as before, however it comes to the host. */
export function isSame(
  inputs: Pick<ImageInputs, "source" | "pinnedDigest">,
  old: Pick<ImageInputs, "source" | "pinnedDigest">,
): boolean {
  return inputs.pinnedDigest === old.pinnedDigest && essence(inputs.source) === essence(old.source);
}

/** What of a source decides which image comes out. A folder may move on the operator's machine. */
function essence(source: Source): string {
  if ("derive" in source) return recipeOf(source.derive);
  if (!("archive" in source)) return JSON.stringify(source);
  const { path, ids, fingerprint } = source.archive;
  return (ids ?? [fingerprint ?? path]).join(" ");
}
