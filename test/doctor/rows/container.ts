import type { Batch, Row } from "../row";

const ssh = "/var/lib/muster/doc/ssh";
/** The image has no `mount`; 32 is MS_REMOUNT. */
const shmOf = (size: string) =>
  `nsenter -t "$(docker inspect -f '{{.State.Pid}}' ms)" -m python3 -c 'import ctypes, sys
sys.exit(-ctypes.CDLL(None).mount(b"shm", b"/dev/shm", b"tmpfs", 32, b"size=${size}"))'`;

export const containerBatches: readonly Batch[] = [
  {
    name: "containers that are not alike",
    rows: [
      {
        fault: "/dev/shm of the container has 64 MiB",
        on: "node-1",
        code: "shm-too-small",
        says: /^\/dev\/shm of the container has 64 MiB, shmSizeGib is 1$/,
        plant: shmOf("64m"),
        lift: shmOf("1g"),
      },
      {
        fault: "another version of a Python package",
        on: "node-2",
        code: "packages-differ",
        says: /^peft 0\.99\.0; most hosts have /,
        plant: `docker exec ms sh -c 'd=/usr/local/lib/python3.13/dist-packages; mkdir -p $d/peft-0.99.0.dist-info
printf "Metadata-Version: 2.1\\nName: peft\\nVersion: 0.99.0\\n" >$d/peft-0.99.0.dist-info/METADATA'`,
        lift: "docker exec ms rm -r /usr/local/lib/python3.13/dist-packages/peft-0.99.0.dist-info",
      },
      {
        fault: "the image's name is another image",
        on: "node-3",
        code: "images-differ",
        says: /^image muster-sim-train:dev is sha256:.*; most hosts have sha256:/,
        plant:
          "docker tag muster-sim-train:dev planted:1 && docker tag \"$(docker inspect -f '{{.Image}}' ms)\" muster-sim-train:dev",
        lift: "docker tag planted:1 muster-sim-train:dev && docker rmi planted:1",
      },
      {
        fault: "a host has no container",
        on: "node-4",
        code: "container-missing",
        says: /other hosts have theirs/,
        plant: "docker rename ms ms-away",
        lift: "docker rename ms-away ms",
      },
    ],
  },
];

/** One lets nobody in, and another has ended. Not beside other faults of ssh. */
export const refusedRows: readonly Row[] = [
  {
    fault: "a container accepts no key of the mesh",
    on: "node-2",
    code: "ssh-refused",
    says: /^node-1, node-3 cannot log in to its container by ssh: .*Permission denied/,
    plant: `mv ${ssh}/authorized_keys ${ssh}/planted`,
    lift: `mv ${ssh}/planted ${ssh}/authorized_keys`,
  },
  {
    fault: "a container has ended",
    on: "node-4",
    code: "container-down",
    says: /^the node's container does not run: exited$/,
    plant: "docker stop -t 2 ms",
    lift: `docker start ms && until docker exec ms /bin/bash /etc/muster/health.sh; do docker inspect ms >/dev/null || exit 1; done`,
  },
];

export const failingRows: readonly Row[] = [
  {
    fault: "a container knows no host key of the mesh",
    on: "node-3",
    code: "ssh-failing",
    says: /^its container cannot log in to node-1, node-2, node-4 by ssh: Host key verification failed/,
    plant: `mv ${ssh}/known_hosts ${ssh}/planted`,
    lift: `mv ${ssh}/planted ${ssh}/known_hosts`,
  },
];
