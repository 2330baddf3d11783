/** DeepSpeed's and pdsh's list of nodes: `node-1 slots=8`. DeepSpeed refuses a name that stands twice. */
export function renderHostfile(nodes: readonly string[], slots: number): string {
  return nodes.map(name => `${name} slots=${slots}\n`).join("");
}
