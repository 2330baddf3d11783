import { clearRdma, layRdma } from "../rdma-tree";
import type { Batch } from "../row";
import { refusedRows } from "./container";

const firewall = (rule: string) => ({ plant: `iptables -A ${rule}`, lift: `iptables -D ${rule}` });
const infiniband = [{ device: "mlx5_0", layer: "InfiniBand" }] as const;
const roce = [{ device: "mlx5_0", layer: "Ethernet" }] as const;

/** A *simulated* toolkit that tells its version. */
const toolkit = (version: string) =>
  `printf '#!/bin/sh\\necho SIMULATED NVIDIA Container Toolkit CLI version ${version}\\n' >/usr/local/bin/nvidia-ctk; chmod 755 /usr/local/bin/nvidia-ctk`;

export const networkBatches: readonly Batch[] = [
  {
    name: "closed ports, refused logins",
    rows: [
      ...refusedRows,
      {
        fault: "a firewall drops the rendezvous' port",
        on: "node-1",
        code: "ports-closed",
        says: /^port 29500 \(the training's rendezvous\) is not reached from node-2, node-3, node-4: no answer in 4 s$/,
        ...firewall("INPUT -p tcp --dport 29500 -j DROP"),
      },
      {
        fault: "a firewall refuses all but the known ports",
        on: "node-3",
        code: "ports-closed",
        says: /^port \d{5} \(a port that the kernel chose, as for NCCL and gloo\) is not reached from node-1, node-2, node-4: Connection refused$/,
        plant: "iptables -A INPUT -i eth0 -p tcp --syn --dport 32768:60999 -j REJECT --reject-with tcp-reset",
        lift: "iptables -D INPUT -i eth0 -p tcp --syn --dport 32768:60999 -j REJECT --reject-with tcp-reset",
      },
      {
        fault: "the data of the training is not there",
        on: "node-2",
        code: "path-missing",
        says: /^\/data\/datasets\/tools.jsonl is not there$/,
        plant: "mv /data/datasets/tools.jsonl /data/datasets/planted",
        lift: "mv /data/datasets/planted /data/datasets/tools.jsonl",
      },
      {
        fault: "the disk of an output is full",
        on: "node-1",
        code: "disk-full",
        says: /^\/data\/models\/room has 1 MiB left, and 1 MiB will be written there: converted weights/,
        plant: "mkdir -p /data/models/room && mount -t tmpfs -o size=128k simulated-disk /data/models/room",
        lift: "umount /data/models/room",
      },
    ],
  },
  {
    name: "closed ways",
    rows: [
      {
        fault: "a host may not connect to the others",
        on: "node-4",
        code: "ports-unreached",
        says: /^it reaches no port of node-1, node-2, node-3: no answer in 4 s$/,
        ...firewall("OUTPUT -p tcp --syn -d 10.94.1.8/29 -j DROP"),
      },
      {
        fault: "the model is not on a training node",
        on: "node-2",
        code: "model-missing",
        says: /^\/models\/tiny is not there, and it is on /,
        plant: "mv /data/models/tiny /data/planted",
        lift: "mv /data/planted /data/models/tiny",
      },
      {
        fault: "another model on one node",
        on: "node-3",
        code: "models-differ",
        says: /is not as on node-1$/,
        plant:
          'cp /data/models/tiny/config.json /data/planted && sed -i \'s/"vocab_size": /"vocab_size": 1/\' /data/models/tiny/config.json',
        lift: "cp /data/planted /data/models/tiny/config.json && rm /data/planted",
      },
    ],
  },
  {
    name: "wrong ways",
    rows: [
      {
        fault: "the way to one host leaves by the second network",
        on: "node-1",
        code: "route-ambiguous",
        says: /eth1/,
        plant: "ip route add 10.94.1.12/32 dev eth1",
        lift: "ip route del 10.94.1.12/32 dev eth1",
      },
      {
        fault: "there is no way to one host",
        on: "node-3",
        code: "route-missing",
        says: /^no route to node-4$/,
        plant: "ip route add unreachable 10.94.1.14/32",
        lift: "ip route del unreachable 10.94.1.14/32",
      },
      {
        fault: "a smaller MTU",
        on: "node-2",
        code: "mtu-differs",
        says: /^MTU 1400; most hosts have 1500$/,
        plant: "ip link set eth0 mtu 1400",
        lift: "ip link set eth0 mtu 1500",
      },
    ],
  },
  {
    name: "InfiniBand on all hosts but some (simulated)",
    ground: { lay: layRdma(infiniband), clear: clearRdma },
    rows: [
      {
        fault: "no RDMA port",
        on: "node-2",
        code: "rdma-unusable",
        says: /^it has no RDMA port, so RDMA is off for all$/,
        plant: clearRdma,
        lift: layRdma(infiniband),
      },
      {
        fault: "the RDMA port is down",
        on: "node-3",
        code: "rdma-unusable",
        says: /^no RDMA port is active \(mlx5_0:1 DOWN\)/,
        plant: layRdma([{ device: "mlx5_0", layer: "InfiniBand", state: "1: DOWN" }]),
        lift: layRdma(infiniband),
      },
      {
        fault: "RDMA ports without device files",
        on: "node-4",
        code: "rdma-unusable",
        says: /^\/dev\/infiniband has no uverbs device/,
        plant: layRdma(infiniband, false),
        lift: layRdma(infiniband),
      },
    ],
  },
  {
    name: "RoCE on all hosts but some (simulated)",
    ground: { lay: layRdma(roce), clear: clearRdma },
    rows: [
      {
        fault: "no RoCE v2 address",
        on: "node-2",
        code: "rdma-unusable",
        says: /^no active port has a RoCE v2 GID with an IPv4 address/,
        plant: layRdma([{ device: "mlx5_0", layer: "Ethernet", hasIpv4Gid: false }]),
        lift: layRdma(roce),
      },
      {
        fault: "InfiniBand among RoCE",
        on: "node-3",
        code: "rdma-unusable",
        says: /^it has InfiniBand, most hosts RoCE/,
        plant: layRdma(infiniband),
        lift: layRdma(roce),
      },
    ],
  },
  {
    name: "one rail down, another toolkit (simulated)",
    ground: {
      lay: `${layRdma([...infiniband, { device: "mlx5_1", layer: "InfiniBand" }])}\n${toolkit("1.17.8")}`,
      clear: `${clearRdma}\nrm /usr/local/bin/nvidia-ctk`,
    },
    rows: [
      {
        fault: "an older NVIDIA Container Toolkit",
        on: "node-3",
        code: "toolkits-differ",
        says: /^NVIDIA Container Toolkit 1.14.0; most hosts have 1.17.8$/,
        plant: toolkit("1.14.0"),
        lift: toolkit("1.17.8"),
      },
      {
        fault: "one RDMA port of two is down",
        on: "node-2",
        code: "rdma-ports-differ",
        says: /^usable RDMA ports: 1; most hosts have 2$/,
        plant: layRdma([...infiniband, { device: "mlx5_1", layer: "InfiniBand", state: "1: DOWN" }]),
        lift: layRdma([...infiniband, { device: "mlx5_1", layer: "InfiniBand" }]),
      },
    ],
  },
];
