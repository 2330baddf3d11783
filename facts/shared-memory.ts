import { rows } from "./disks";
import { ABSENT, type Topic } from "./fact";

export interface SharedMemory {
  readonly sizeMib: number;
}

export const sharedMemory: Topic<SharedMemory> = {
  snippet: `[ -d /dev/shm ] || exit ${ABSENT}\ndf -PT -B1 /dev/shm`,
  parse(output) {
    const [row] = rows(output);
    if (!row) throw new Error("df says nothing about /dev/shm");
    return { sizeMib: Math.floor(row.sizeBytes / 2 ** 20) };
  },
};
