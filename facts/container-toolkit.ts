import { ABSENT, type Topic } from "./fact";

/** NVIDIA Container Toolkit: what gives GPUs to containers. */
export interface ContainerToolkit {
  readonly version: string;
}

export const containerToolkit: Topic<ContainerToolkit> = {
  snippet: `if command -v nvidia-ctk >/dev/null; then exec timeout 10 nvidia-ctk --version; fi
if command -v nvidia-container-cli >/dev/null; then exec timeout 10 nvidia-container-cli --version; fi
exit ${ABSENT}`,
  parse(output) {
    const version = /(?:version |cli-version: )v?(\d+\.\d+\.\d+\S*)/.exec(output)?.[1];
    if (version === undefined) throw new Error(`the NVIDIA Container Toolkit said: ${output.trim().slice(0, 200)}`);
    return { version };
  },
};
