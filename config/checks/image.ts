import type { Check, CheckRule } from "../check";

/** What an image's name, digest and login can mean together. */
export const checkImage: CheckRule = ({ image }) => {
  const { reference, archive, digest, registry } = image;
  const isPulled = archive === undefined && image.pull;
  const way =
    archive === undefined ? "an image that is on the hosts already (pull: false)" : "an image from an archive";
  const digestInName = reference.split("@")[1];
  const isNamedByDigest = digestInName !== undefined && !/:[^/]*@/.test(reference);
  const checks: (Check | false)[] = [
    digest !== undefined &&
      !isPulled &&
      problem("digest", `a digest of a registry, and ${way}`, "an image that is pulled", "remove image.digest"),
    registry !== undefined &&
      !isPulled &&
      problem("registry", `a login, and ${way}`, "an image that is pulled", "remove image.registry"),
    digestInName !== undefined &&
      archive !== undefined &&
      problem(
        "reference",
        `${reference}, and ${way}`,
        "a name with a tag, which a loaded image can have",
        "write name:tag",
      ),
    digestInName !== undefined &&
      digest !== undefined &&
      digest !== digestInName &&
      problem("digest", `${digest}, and ${digestInName} in image.reference`, "one digest", "write it once"),
    isNamedByDigest &&
      isPulled &&
      image.spread === true &&
      problem(
        "reference",
        `${reference} with spread: docker keeps a name by digest only for what it pulled itself`,
        "a name with a tag",
        `write name:tag, and image.digest: ${digestInName}`,
      ),
  ];
  return checks.filter(check => check !== false);
};

function problem(field: string, found: string, expected: string, remedy: string): Check {
  return { code: "image-source", severity: "error", path: ["image", field], found, expected, remedy };
}
