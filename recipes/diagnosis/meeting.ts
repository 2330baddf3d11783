import type { KnownFailure } from "./known-failure";

/** How ranks fail to meet, or lose each other: torchrun's rendezvous (torch 2.6 to 2.11) and NCCL (2.20 to 2.30). */
export const meetingFailures: readonly KnownFailure[] = [
  {
    name: "port-in-use",
    pattern: "port: (?<port>\\d+), useIpv6: \\S+ code: -98, name: EADDRINUSE",
    reason: "another process listens on port {port}, which this one needs",
    remedy:
      "`ss -ltnp 'sport = :{port}'` on that host shows whose it is: end it, or choose another port (network.masterPort)",
  },
  {
    name: "port-in-use",
    pattern: "EADDRINUSE|\\[Errno 98\\] (?:error while attempting to bind on address|Address already in use)",
    reason: "another process listens on the port that this one needs",
    remedy:
      "`ss -ltnp` on that host shows whose it is: end it, or choose another port (network.masterPort of a training, serve.port of a server)",
  },
  {
    name: "nccl-versions-differ",
    pattern: "Mismatched NCCL version[^\\n]{0,160}",
    reason: "the nodes run different versions of NCCL",
    remedy:
      "all nodes must run one image: `muster up` repairs a container that differs; see LD_LIBRARY_PATH in train.env",
  },
  {
    name: "no-interface",
    pattern: "no socket interface found|Bootstrap : no socket interface",
    reason: "NCCL found no network interface of the name that it was given",
    remedy:
      "set network.interface to one that all hosts have (`ip -br addr`), and leave NCCL_SOCKET_IFNAME out of train.env",
  },
  {
    // torch: TCPStore.cpp; the first is said by rank 0's node, the others by the nodes that look for it.
    name: "peer-missing",
    pattern:
      "waiting for clients\\. (?<joined>\\d+)/(?<wanted>\\d+) clients joined|client socket has (?:timed out|failed to connect)[^\\n]{0,200}|RendezvousTimeoutError",
    reason: "the nodes did not all meet: one did not start, or cannot reach MASTER_ADDR at MASTER_PORT",
    remedy:
      "see every rank's log (muster logs), and let the firewall pass network.masterPort and NCCL's ports between the hosts",
  },
  {
    name: "peer-gone",
    pattern:
      "remote process exited or there was a network error|ncclRemoteError|Connection (?:closed|reset) by (?:remote )?peer",
    reason: "another rank went away while this one talked to it; what ended that one is not in this log",
    remedy:
      "see the other ranks' ends (muster logs); if none has an error, the network between the hosts dropped: `dmesg` and the switch tell",
  },
  {
    name: "collective-timeout",
    pattern: "Watchdog caught collective operation timeout|Timed out waiting \\d+ms for (?:recv|send) operation",
    reason: "the ranks waited for each other longer than the limit: one hangs or is much slower",
    remedy:
      "the rank whose log ends earliest is the one to look at (muster logs); a longer limit is train.args.ddp_timeout",
  },
  {
    // torchrun on rank 0's node says nothing at all while it waits. Only its own warning about threads may follow.
    name: "peer-awaited",
    pattern:
      "^run sh: [^\\n]*--nnodes \\d[^\\n]*\\n*(?:W\\d{4} [^\\n]*torch/distributed/run\\.py[^\\n]*\\n+)*(?![\\s\\S])",
    reason: "the launcher was started and has said nothing since: it waits for the other nodes",
    remedy:
      "see that every rank has started (muster logs), and that the nodes reach MASTER_ADDR at network.masterPort (a firewall?)",
  },
];
