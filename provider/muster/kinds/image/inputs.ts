import { z } from "zod";
import { DIGEST } from "./reference";

const digest = z.string().regex(DIGEST, "must be sha256: and 64 hexadecimal digits");

const archive = z.strictObject({
  path: z.string().min(1).describe("A `docker save` archive on the operator's machine."),
  ids: z
    .array(digest)
    .optional()
    .describe("Ids that a host may give to the image in it, by its kind of image store. Read from the archive."),
  fingerprint: z
    .string()
    .optional()
    .describe("Of a compressed archive, whose ids cannot be read. Read from the archive."),
});

const derive = z.strictObject({
  base: z.string().min(1),
  baseId: digest.optional().describe("Id of the base on this host; another one makes another image."),
  packages: z.array(z.string().regex(/^[a-z0-9][a-z0-9.+:=~-]*$/, "must be a Debian package's name")),
  debsDirectory: z
    .string()
    .optional()
    .describe("Folder of .deb files on the operator's machine. Default: a package mirror is asked."),
  debs: z.string().optional().describe("Digest of the files in that folder. Read from the folder."),
  mirror: z.url().optional().describe("Address of the package mirror. Default: the image's own package sources."),
});

const source = z.union([
  z.strictObject({ pull: z.strictObject({}) }),
  /** It must be there already. */
  z.strictObject({ present: z.strictObject({}) }),
  z.strictObject({ archive }),
  z.strictObject({ derive }),
]);

const registry = z.strictObject({
  server: z.string().min(1).optional().describe("Default: the registry in the reference."),
  user: z.string().min(1),
  password: z.string().min(1),
});

const peer = z.strictObject({
  host: z.string().min(1),
  address: z.string().min(1).describe("Its address on the network between the hosts."),
});

export const imageInputsSchema = z.object({
  host: z.string().min(1),
  reference: z
    .string()
    .regex(/^[a-z0-9][\w./:@-]*$/, "must be an image reference such as name:tag")
    .describe("The name that the image gets on the host."),
  source,
  pinnedDigest: digest.optional().describe("The only digest that the registry may give for the reference."),
  registry: registry.optional().describe("Login of a private registry."),
  peers: z
    .array(peer)
    .default([])
    .describe(
      "Hosts that can give the image to this one if they have it, or get it in the same run. Default: the provider's nodes; of these only those are named here that others reach at another address.",
    ),
  spread: z
    .boolean()
    .default(false)
    .describe("Only one host takes the image from its source; the others take it from each other."),
});

export type ImageInputs = z.infer<typeof imageInputsSchema>;
export type Source = ImageInputs["source"];
export type Archive = z.infer<typeof archive>;
export type Derivation = z.infer<typeof derive>;
export type Registry = z.infer<typeof registry>;

export interface ImageOutputs {
  /** `sha256:…`; the same on every host with the same kind of image store. */
  readonly imageId: string;
  /** What the reference names on the host now: the same id, another one, or empty. */
  readonly found: string;
  /** Digest in the registry, when it was pulled. */
  readonly digest: string;
  readonly sizeBytes: number;
  /** Whether muster brought it here; only then destroy removes it. */
  readonly owned: boolean;
}
