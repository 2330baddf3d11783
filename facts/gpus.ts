import type { Topic } from "./fact";
import { gpuLinks } from "./gpu-links";
import { cells, FIND_NVIDIA_SMI, told, whole } from "./nvidia-smi";

/** What a GPU does not have, and what an older nvidia-smi does not tell, is left out. */
export interface Gpu {
  readonly index: number;
  readonly name: string;
  readonly uuid: string;
  readonly memoryMib: number;
  readonly driverVersion: string;
  /** The newest CUDA that the driver serves: `13.0`. */
  readonly cudaVersion?: string;
  /** `00000000:00:06.0` */
  readonly pciAddress?: string;
  /** `9.0` */
  readonly computeCapability?: string;
  /** Whether it is cut into instances (Multi-Instance GPU). */
  readonly hasMig?: boolean;
  /** Whether errors of its memory are corrected. */
  readonly hasEcc?: boolean;
  /** NUMA node whose processors are near. */
  readonly numaNode?: number;
  /** How it reaches other GPUs (by index, `GPU1`) and RDMA devices (`mlx5_0`): `NV18`, `PIX`, `PXB`, `PHB`, `NODE`, `SYS`. */
  readonly links?: Readonly<Record<string, string>>;
}

const BASIC = "index,name,uuid,memory.total,driver_version";
const MORE = "pci.bus_id,compute_cap,mig.mode.current,ecc.mode.current";

/**
 * A GPU that has fallen off the bus makes nvidia-smi wait for ever: what follows is asked only of one that answered.
 * Old drivers refuse all fields for one that they do not know.
 */
export const gpus: Topic<readonly Gpu[]> = {
  snippet: `${FIND_NVIDIA_SMI}
ask() { timeout 20 nvidia-smi --format=csv,noheader,nounits "--query-gpu=$1" 2>&1; }
said=$(ask ${BASIC},${MORE}); code=$?
case $said in *'not a valid field'*) said=$(ask ${BASIC}); code=$? ;; esac
[ "$code" = 0 ] || { echo "$said"; exit "$code"; }
echo "$said"
echo '#header'
timeout 8 nvidia-smi 2>/dev/null | grep 'CUDA Version'
echo '#topology'
timeout 8 nvidia-smi topo -m 2>/dev/null
exit 0`,
  parse(output) {
    const [rows = "", rest = ""] = output.split("#header\n");
    const [header = "", topology = ""] = rest.split("#topology\n");
    const cudaVersion = /CUDA Version: *(\d+\.\d+)/.exec(header)?.[1];
    const places = gpuLinks(topology);
    return cells(rows).map(row => {
      const [index = "", name = "", uuid = "", memory = "", driverVersion, pci, capability, mig, ecc] = row;
      if (driverVersion === undefined || row.length > 9) throw new Error(`nvidia-smi said: ${row.join(", ")}`);
      const place = places.get(whole(index));
      return {
        index: whole(index),
        name,
        uuid,
        memoryMib: whole(memory),
        driverVersion,
        ...(cudaVersion !== undefined && { cudaVersion }),
        ...(told(pci) && { pciAddress: pci }),
        ...(told(capability) && { computeCapability: capability }),
        ...(told(mig) && { hasMig: mig === "Enabled" }),
        ...(told(ecc) && { hasEcc: ecc === "Enabled" }),
        ...place,
      };
    });
  },
};
