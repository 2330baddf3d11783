import { commandPackage } from "./command/package";
import { dockerPackage } from "./docker/package";
import { container } from "./muster/kinds/container/container";
import { file } from "./muster/kinds/file";
import { fileSet } from "./muster/kinds/file-set/file-set";
import { gate } from "./muster/kinds/gate/gate";
import { host } from "./muster/kinds/host";
import { image } from "./muster/kinds/image/image";
import { installation } from "./muster/kinds/installation/installation";
import { job } from "./muster/kinds/job/job";
import { keyPair } from "./muster/kinds/key-pair";
import { token } from "./muster/kinds/token";
import { musterConfiguration, openMuster } from "./muster/provider-config";
import { anyKind, type ProviderPackage } from "./provider-package";
import { pulumiSchema } from "./schema/pulumi-schema";
import { MUSTER_VERSION } from "./version";

/** The resources of package muster, in the order of the reference. */
export const musterKinds = [
  anyKind(host),
  anyKind(file),
  anyKind(fileSet),
  anyKind(keyPair),
  anyKind(token),
  anyKind(image),
  anyKind(container),
  anyKind(installation),
  anyKind(job),
  anyKind(gate),
];

const muster: ProviderPackage = {
  name: "muster",
  version: MUSTER_VERSION,
  configuration: musterConfiguration,
  kinds: musterKinds,
  open: openMuster,
  schema: () => JSON.stringify(pulumiSchema("muster", MUSTER_VERSION, musterConfiguration, musterKinds)),
};

/** Every package that this project serves itself. */
export const packages: readonly ProviderPackage[] = [muster, commandPackage, dockerPackage];
