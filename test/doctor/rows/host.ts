import type { Batch } from "../row";
import { failingRows } from "./container";

/** A clock of its own for `date` (simulated: the machine's libfaketime, since containers share one clock). */
const clock = (offset: string) => ({
  plant: `cat >/usr/local/bin/date <<'END'
#!/bin/sh
# SIMULATED clock
LD_PRELOAD=/usr/local/lib/simulated-faketime.so FAKETIME=${offset} exec /usr/bin/date "$@"
END
chmod 755 /usr/local/bin/date`,
  lift: "rm /usr/local/bin/date",
});

const listen = (port: number, address = "0.0.0.0") => ({
  plant: `setsid python3 -c 'import signal, socket; s = socket.socket(); s.setsockopt(1, 2, 1); s.bind(("${address}", ${port})); s.listen(); signal.pause()' </dev/null >/dev/null 2>&1 & echo $! >/run/planted-${port}
until ss -Hlnt 'sport = :${port}' | grep -q .; do kill -0 "$(cat /run/planted-${port})" || exit 1; done`,
  lift: `kill "$(cat /run/planted-${port})"; while ss -Hlnt 'sport = :${port}' | grep -q .; do :; done`,
});

export const hostBatches: readonly Batch[] = [
  {
    name: "ports, clocks, a login",
    rows: [
      ...failingRows,
      {
        fault: "a program holds the server's port",
        on: "node-2",
        code: "port-taken",
        says: /^python3 listens on port 6060$/,
        ...listen(6060),
      },
      {
        fault: "a program holds the rendezvous' port",
        on: "node-1",
        code: "port-taken",
        says: /^python3 listens on port 29500$/,
        ...listen(29500),
      },
      {
        fault: "a clock ten minutes behind (simulated: faketime)",
        on: "node-3",
        code: "clock-skew",
        says: /behind most hosts'$/,
        ...clock("-600s"),
      },
      {
        fault: "a clock an hour ahead (simulated: faketime)",
        on: "node-4",
        code: "clock-skew",
        says: /ahead of most hosts'$/,
        ...clock("+3600s"),
      },
    ],
  },
  {
    name: "the operator's clock, a host that does not answer",
    through: ["faketime", "-f", "-1h"],
    rows: [
      {
        fault: "the host's sshd is not there",
        on: "node-4",
        code: "unreachable",
        says: /./,
        plant: "kill $(cat /run/sshd.pid); while ss -Hlnt 'sport = :22' | grep -q .; do :; done",
        lift: "/usr/sbin/sshd -E /var/log/sshd.log",
      },
      {
        fault: "this machine's clock is an hour behind (simulated: faketime)",
        on: "node-1",
        code: "clock-skew-operator",
        host: "all",
        says: /^the hosts' clocks are 3[56]\d\d s ahead of this machine's$/,
        plant: "true",
        lift: "true",
      },
    ],
  },
  {
    name: "before there are containers",
    file: "bare",
    rows: [
      {
        fault: "the port of the sshd to come is taken",
        on: "node-3",
        code: "port-taken",
        says: /^python3 listens on port 2444$/,
        ...listen(2444),
      },
      {
        fault: "a firewall drops what comes to the port of the sshd to come",
        on: "node-2",
        code: "ports-closed",
        says: /^port 2444 \(the containers' sshd\) is not reached from node-1, node-3, node-4: no answer in 4 s$/,
        plant: "iptables -A INPUT -p tcp --dport 2444 -j DROP",
        lift: "iptables -D INPUT -p tcp --dport 2444 -j DROP",
      },
      {
        fault: "the image is not on a host, and is not pulled",
        on: "node-4",
        code: "image-missing",
        says: /muster-sim-train:dev is not there/,
        plant: "docker tag muster-sim-train:dev planted:1 && docker rmi muster-sim-train:dev",
        lift: "docker tag planted:1 muster-sim-train:dev && docker rmi planted:1",
      },
    ],
  },
];
