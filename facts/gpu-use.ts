import type { Topic } from "./fact";
import { cells, FIND_NVIDIA_SMI, told, whole } from "./nvidia-smi";

export interface GpuUse {
  readonly index: number;
  readonly usedMemoryMib: number;
  /** Part of the last moments in which something ran on it. */
  readonly utilizationPercent?: number;
  /** Errors of its memory that could not be corrected, since the driver was loaded. */
  readonly uncorrectedErrors?: number;
  readonly processes: readonly GpuProcess[];
}

export interface GpuProcess {
  readonly pid: number;
  /** `[Not Found]` where the process lives in a pid namespace that nvidia-smi does not see. */
  readonly name: string;
  /** Left out where only root is told, and with MIG. */
  readonly usedMemoryMib?: number;
}

/** The name of a process comes last: it may hold commas. */
export const gpuUse: Topic<readonly GpuUse[]> = {
  snippet: `${FIND_NVIDIA_SMI}
timeout 20 nvidia-smi --format=csv,noheader,nounits --query-gpu=index,uuid,memory.used,utilization.gpu,ecc.errors.uncorrected.volatile.total || exit $?
echo '#processes'
timeout 8 nvidia-smi --format=csv,noheader,nounits --query-compute-apps=gpu_uuid,pid,used_memory,process_name 2>/dev/null
exit 0`,
  parse(output) {
    const [rows = "", apps = ""] = output.split("#processes\n");
    const processes = cells(apps).flatMap(([uuid = "", pid = "", used, ...name]) =>
      /^\d+$/.test(pid)
        ? [
            {
              uuid,
              process: { pid: Number(pid), name: name.join(", "), ...(told(used) && { usedMemoryMib: whole(used) }) },
            },
          ]
        : [],
    );
    return cells(rows).map(row => {
      const [index = "", uuid, used, utilization, errors] = row;
      if (used === undefined || row.length !== 5) throw new Error(`nvidia-smi said: ${row.join(", ")}`);
      return {
        index: whole(index),
        // With MIG only the instances may have a number.
        usedMemoryMib: told(used) ? whole(used) : 0,
        ...(told(utilization) && { utilizationPercent: whole(utilization) }),
        ...(told(errors) && { uncorrectedErrors: whole(errors) }),
        processes: processes.flatMap(each => (each.uuid === uuid ? [each.process] : [])),
      };
    });
  },
};
