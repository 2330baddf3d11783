import { file } from "./muster/kinds/file";
import { keyPair } from "./muster/kinds/key-pair";
import { token } from "./muster/kinds/token";
import { musterConfiguration, openMuster } from "./muster/provider-config";
import { anyKind, type ProviderPackage } from "./package";

/** The resources of package muster, in the order of the reference. */
export const musterKinds = [anyKind(file), anyKind(keyPair), anyKind(token)];

const muster: ProviderPackage = {
  name: "muster",
  version: "0.1.0",
  configuration: musterConfiguration,
  kinds: musterKinds,
  open: openMuster,
};

/** Every package that this project serves itself. */
export const packages: readonly ProviderPackage[] = [muster];
