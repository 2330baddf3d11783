import type { RdmaPort } from "../facts/rdma";
import { type JudgedPorts, portName, roceIndices } from "./rdma-ports";

/** NCCL below 2.21 takes GID 0 unless told, which is RoCE v1 (src/transport/net_ib.cc: default 0 up to 2.20, -1 from 2.21 on). */
export function needsGidIndex(ncclVersion: string | undefined): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(ncclVersion ?? "") ?? [];
  return major !== undefined && (Number(major) < 2 || (Number(major) === 2 && Number(minor) < 21));
}

/** NCCL of PyTorch's wheels (Requires-Dist nvidia-nccl-cu12 on PyPI: 2.20.5 with torch 2.4.1, 2.21.5 with 2.5.0). */
export function ncclOfTorch(torchVersion: string): string | undefined {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(torchVersion) ?? [];
  if (major === undefined) return undefined;
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 5) ? "2.21.5" : "2.20.5";
}

/** One index for all ports of a node: NCCL's variable has no other form. */
export interface GidIndex {
  readonly index: number | undefined;
  readonly ports: readonly RdmaPort[];
  /** Ports whose address stands at another index. */
  readonly leftOut: JudgedPorts["leftOut"];
  /** Ports on which the index of the cluster file is no address of RoCE v2 over IPv4. */
  readonly lacking: readonly string[];
}

/** @param chosen index of the cluster file @param isNeeded whether NCCL does not find it itself */
export function gidIndex(ports: readonly RdmaPort[], chosen: number | undefined, isNeeded: boolean): GidIndex {
  if (chosen !== undefined) {
    const lacking = ports.filter(port => !roceIndices(port).includes(chosen)).map(portName);
    return { index: chosen, ports, leftOut: [], lacking };
  }
  if (!isNeeded) return { index: undefined, ports, leftOut: [], lacking: [] };
  const count = (index: number): number => ports.filter(port => roceIndices(port).includes(index)).length;
  const indices = [...new Set(ports.flatMap(roceIndices))].sort((a, b) => count(b) - count(a) || a - b);
  const [index] = indices;
  const has = (port: RdmaPort): boolean => index !== undefined && roceIndices(port).includes(index);
  return {
    index,
    ports: ports.filter(has),
    leftOut: ports
      .filter(port => !has(port))
      .map(port => ({
        name: portName(port),
        reason: `its RoCE v2 GID is ${roceIndices(port).join(", ")}, and this NCCL takes one index for all (${index})`,
      })),
    lacking: [],
  };
}
