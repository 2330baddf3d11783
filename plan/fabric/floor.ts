/** What carries a node's part of an all-reduce, as the network plan has it. */
export interface NodeLink {
  readonly node: string;
  /** Of the interface that sockets take. */
  readonly speedMbps?: number;
  /** Absent: sockets. */
  readonly rdma?: { readonly ports: readonly { readonly rateGbps: number }[] };
}

/** Part of the summed line rates that a ring reaches with large messages. */
const RING_EFFICIENCY = 0.9;
/** Below this part of that, something is slower than it should be. */
const WARN_BELOW = 0.7;

/**
 * Least bus bandwidth in GB/s (1e9 bytes) that the line rates of these nodes give: the slowest node sets the speed of all. Only a
 * floor: over two nodes NCCL's trees may show more than the lines carry. Undefined if a rate is not known.
 */
export function expectedBusbwGBps(links: readonly NodeLink[]): number | undefined {
  const rates = links.map(lineRateGbps);
  if (rates.length < 2 || rates.some(rate => rate <= 0)) return undefined;
  return Math.round((Math.min(...rates) / 8) * RING_EFFICIENCY * WARN_BELOW * 100) / 100;
}

/** 0: not known. */
function lineRateGbps({ speedMbps = 0, rdma }: NodeLink): number {
  return rdma ? rdma.ports.reduce((sum, port) => sum + port.rateGbps, 0) : speedMbps / 1000;
}
