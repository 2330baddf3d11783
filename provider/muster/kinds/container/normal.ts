import type { ContainerInputs } from "./inputs";

/** `CAP_IPC_LOCK` and `ipc_lock` are `IPC_LOCK`. */
export function capability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, "");
}

/** `no-new-privileges`, `no-new-privileges:true` and `=true` are one. */
export function security(option: string): string {
  return option.replace(/^(no-new-privileges)[:=]true$/, "$1");
}

/** `/dev/x` for `/dev/x:/dev/x:rwm`; what is said otherwise stays. */
export function device(option: string): string {
  const [onHost = "", inContainer = onHost, permissions = "rwm"] = option.split(":");
  if (permissions !== "rwm") return [onHost, inContainer, permissions].join(":");
  return inContainer === onHost ? onHost : [onHost, inContainer].join(":");
}

type Fields = Partial<ContainerInputs>;

/**
 * One way to say one thing, so that what is declared and what is found can be compared: lists whose order means nothing are
 * sorted, what is empty or off is left out.
 */
export function normalInputs<Inputs extends Fields>(inputs: Inputs): Inputs {
  const normal: Fields = {
    mounts: sorted(
      inputs.mounts?.map(({ source, target, readOnly }) => ({ source, target, ...(readOnly && { readOnly }) })),
      mount => mount.target,
    ),
    ulimits: sorted(inputs.ulimits, limit => limit.name),
    devices: words(inputs.devices, device),
    capAdd: words(inputs.capAdd, capability),
    capDrop: words(inputs.capDrop, capability),
    securityOpt: words(inputs.securityOpt, security),
    env: inputs.env && Object.keys(inputs.env).length > 0 ? inputs.env : undefined,
    init: inputs.init || undefined,
    privileged: inputs.privileged || undefined,
    restart: inputs.restart ?? "no",
  };
  const present = Object.entries(normal).filter(([field, value]) => field in inputs || value !== undefined);
  return { ...inputs, ...Object.fromEntries(present) };
}

function sorted<Item>(list: readonly Item[] | undefined, key: (item: Item) => string): Item[] | undefined {
  return list?.length ? [...list].sort((a, b) => (key(a) < key(b) ? -1 : 1)) : undefined;
}

function words(list: readonly string[] | undefined, word: (text: string) => string): string[] | undefined {
  return sorted(list?.map(word), text => text);
}
