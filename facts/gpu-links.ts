/** Where a GPU stands in the machine. */
export interface GpuPlace {
  readonly links: Readonly<Record<string, string>>;
  readonly numaNode?: number;
}

const LINK = /^(NV\d+|PIX|PXB|PHB|NODE|SYS|SOC)$/;

/** Underlines of the table's head, and colours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what nvidia-smi writes
const ESCAPES = /\u001b\[[0-9;]*m/g;

/**
 * The matrix of `nvidia-smi topo -m`, by the GPU's index. NICs are named as their legend has them; before driver 515 the columns
 * have those names themselves. Empty for any other text: single GPUs and virtual machines may have no matrix.
 */
export function gpuLinks(output: string): ReadonlyMap<number, GpuPlace> {
  const lines = output.replace(ESCAPES, "").split("\n");
  const legend = new Map(
    lines.flatMap(line => {
      const [, nic, device] = /^\s+(NIC\d+): (\S+)$/.exec(line) ?? [];
      return nic === undefined || device === undefined ? [] : [[nic, device] as const];
    }),
  );
  const head = lines.find(line => /^\s+GPU0\s/.test(line));
  const columns = (head?.split(/CPU Affinity/)[0] ?? "").trim().split(/\s+/);
  return new Map(
    lines.flatMap(line => {
      const [, index, row] = /^GPU(\d+)\s+(.*)$/.exec(line) ?? [];
      if (index === undefined || row === undefined) return [];
      const words = row.trim().split(/\s+/);
      const links = columns.flatMap((column, i) => {
        const word = words[i] ?? "";
        return LINK.test(word) ? [[legend.get(column) ?? column, word] as const] : [];
      });
      // Behind the links: the near processors (0-51,104-155), then the NUMA node.
      const numa = /^[\d,-]+\s+(\d+)/.exec(words.slice(columns.length).join(" "))?.[1];
      const place = { links: Object.fromEntries(links), ...(numa !== undefined && { numaNode: Number(numa) }) };
      return [[Number(index), place] as const];
    }),
  );
}
