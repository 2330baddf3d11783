import { z } from "zod";

const source = z.union([
  z.strictObject({ pull: z.strictObject({}) }),
  /** It must be there already. */
  z.strictObject({ present: z.strictObject({}) }),
  z.strictObject({ archive: z.string().min(1) }),
  z.strictObject({
    derive: z.strictObject({
      base: z.string().min(1),
      packages: z.array(z.string().regex(/^[a-z0-9][a-z0-9.+:=~-]*$/, "must be a Debian package's name")),
      /** Folder of .deb files on the operator's machine; absent: the image's own package mirror is asked. */
      debsDirectory: z.string().optional(),
    }),
  }),
  z.strictObject({ spread: z.strictObject({ fromHost: z.string().min(1), imageId: z.string().min(1) }) }),
]);

export const imageInputsSchema = z.object({
  host: z.string().min(1),
  /** The name that the image gets on the host. */
  reference: z.string().regex(/^[a-z0-9][\w./:@-]*$/, "must be an image reference such as name:tag"),
  source,
});

export type ImageInputs = z.infer<typeof imageInputsSchema>;
export type Derivation = Extract<ImageInputs["source"], { derive: unknown }>["derive"];

export interface ImageOutputs {
  /** `sha256:…`, the digest of the image's configuration: the same on every host. */
  readonly imageId: string;
  /** Digest in the registry, when it was pulled. */
  readonly digest: string;
  readonly sizeBytes: number;
  /** Whether muster brought it here; only then destroy removes it. */
  readonly owned: boolean;
}
