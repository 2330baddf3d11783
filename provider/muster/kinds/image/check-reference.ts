import type { CheckFailure } from "../../../kind";
import type { ImageInputs } from "./inputs";
import { DIGEST, parseReference } from "./reference";

/** What a reference, a digest and a login can mean together. */
export function checkReference(inputs: Partial<ImageInputs>): CheckFailure[] {
  const { reference, source, pinnedDigest, registry, spread } = inputs;
  if (reference === undefined || !source) return [];
  const parsed = parseReference(reference);
  const failures: CheckFailure[] = [];
  const fail = (property: string, reason: string) => failures.push({ property, reason });
  if (parsed.digest !== undefined && !DIGEST.test(parsed.digest))
    fail("reference", `its digest is "${parsed.digest}"; expected sha256: and 64 hexadecimal digits`);
  if (parsed.digest !== undefined && pinnedDigest !== undefined && parsed.digest !== pinnedDigest)
    fail("pinnedDigest", `is ${pinnedDigest}, but the reference says ${parsed.digest}. Remedy: write it once`);
  if (parsed.digest !== undefined && ("archive" in source || "derive" in source))
    fail("reference", "names a digest of a registry, and the image does not come from one. Remedy: name:tag");
  if (pinnedDigest !== undefined && !("pull" in source))
    fail("pinnedDigest", "is that of a registry, and the image is not pulled. Remedy: leave it out, or pull the image");
  if (registry && !("pull" in source))
    fail("registry", "is a login, and the image is not pulled. Remedy: leave it out, or pull the image");
  if (spread && parsed.digest !== undefined && parsed.tag === undefined)
    fail(
      "reference",
      `docker keeps a name by digest only for what it pulled itself. Remedy: name:tag as the reference and its digest beside it: ${parsed.digest}`,
    );
  return failures;
}
