import type { Topic } from "./fact";

export interface Kernel {
  readonly release: string;
  /** `x86_64`, `aarch64`. */
  readonly architecture: string;
}

export const kernel: Topic<Kernel> = {
  snippet: "uname -r && uname -m",
  parse(output) {
    const [release, architecture] = output.trim().split("\n");
    if (!release || !architecture) throw new Error("uname gave no release and architecture");
    return { release, architecture };
  },
};
