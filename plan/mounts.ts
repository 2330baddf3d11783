export interface Mount {
  readonly host: string;
  readonly container: string;
}

/** Where a path of the container lies on the host; undefined when no mount covers it. The longest mount wins. */
export function hostPathOf(containerPath: string, mounts: readonly Mount[]): string | undefined {
  const covering = mounts
    .filter(m => containerPath === m.container || containerPath.startsWith(`${m.container.replace(/\/+$/, "")}/`))
    .sort((a, b) => b.container.length - a.container.length)[0];
  if (!covering) return undefined;
  return `${covering.host.replace(/\/+$/, "")}${containerPath.slice(covering.container.replace(/\/+$/, "").length)}`;
}
