import { z } from "zod";
import type { Runner } from "../../remote/runner";
import { anyKind, type ProviderPackage, pulumisOwnPlugin } from "../provider-package";
import { container } from "./container";
import { network } from "./network";
import { remoteImage } from "./remote-image";
import { volume } from "./volume";

const configuration = z.strictObject({
  host: z.string().optional(),
  disableDockerDaemonCheck: z.union([z.boolean(), z.enum(["true", "false"])]).optional(),
});

/** Serves what the simulated hosts need of @pulumi/docker, by the docker command of the operator's machine. */
export const dockerPackage: ProviderPackage = {
  name: "docker",
  version: "5.2.0",
  configuration: {
    inputs: configuration,
    fields: { host: { change: "update" }, disableDockerDaemonCheck: { change: "update" } },
  },
  elsewhere: pulumisOwnPlugin("docker"),
  kinds: [anyKind(container), anyKind(network), anyKind(volume), anyKind(remoteImage)],
  open(known, services) {
    const { host } = known as z.infer<typeof configuration>;
    const runner: Runner = services.transport.local(host ? { DOCKER_HOST: host } : {});
    return { cluster: "", hosts: { runner: () => runner, probe: () => runner } };
  },
};
