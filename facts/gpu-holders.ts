import { ABSENT, type Topic } from "./fact";
import { oursFunction } from "./ours";

/** Who uses a GPU besides the cluster. */
export interface GpuHolder {
  readonly index: number;
  /** Memory in use, by whomever. */
  readonly usedMemoryMib: number;
  /** Whether a process of the cluster is on it. */
  readonly isOurs: boolean;
  /** `PID PROGRAM` of the others. */
  readonly others: readonly string[];
}

/** nvidia-smi waits for ever when a GPU has fallen off the bus. */
const ASK = "timeout 20 nvidia-smi --format=csv,noheader,nounits";

/** Use of each GPU, and the processes on it that are not the cluster's. Absent: a host without nvidia-smi. */
export function gpuHolders(cluster: string): Topic<readonly GpuHolder[]> {
  return {
    snippet: `command -v nvidia-smi >/dev/null || exit ${ABSENT}
${oursFunction(cluster)}
${ASK} --query-gpu=index,uuid,memory.used | sed 's/^/gpu,/' || exit 1
${ASK} --query-compute-apps=gpu_uuid,pid,process_name 2>/dev/null | while IFS=, read -r uuid pid program; do
  pid=$(echo "$pid" | tr -d ' ')
  case $pid in ''|*[!0-9]*) continue ;; esac
  if ours "$pid"; then echo "ours,$uuid,$pid"; else echo "other,$uuid,$pid,$program"; fi
done
exit 0`,
    parse(output) {
      const rows = output.split("\n").map(line => line.split(",").map(cell => cell.trim()));
      const on = (word: string, uuid: string) => rows.filter(row => row[0] === word && row[1] === uuid);
      return rows
        .filter(([word]) => word === "gpu")
        .map(([, index = "", uuid = "", used = ""]) => {
          if (!/^\d+$/.test(index)) throw new Error(`nvidia-smi gave "${index}" for a number`);
          return {
            index: Number(index),
            // GPUs cut into instances tell no memory of the whole.
            usedMemoryMib: /^\d+$/.test(used) ? Number(used) : 0,
            isOurs: on("ours", uuid).length > 0,
            others: on("other", uuid).map(([, , pid, ...program]) => `${pid} ${program.join(",")}`.trim()),
          };
        });
    },
  };
}
