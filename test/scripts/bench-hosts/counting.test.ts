import { countSshd } from "../../../scripts/bench-hosts/sshd-log";
import { marginals, ratio, rotated, spread } from "../../../scripts/bench-hosts/statistics";

/** As OpenSSH 10.0 of the simulated hosts writes it; lines of other connections' ends and failures among them. */
const LOG = [
  "Server listening on 0.0.0.0 port 22.",
  'Connection from 10.83.0.1 port 42178 on 10.83.0.11 port 22 rdomain ""',
  "Connection closed by 10.83.0.1 port 33482",
  "srclimit_penalise: ipv4: new 10.83.0.1/32 deferred penalty of 1 seconds for penalty: connections without attempting authentication",
  'Connection from 10.83.0.1 port 42180 on 10.83.0.11 port 22 rdomain ""',
  "Accepted publickey for root from 10.83.0.1 port 42180 ssh2: ED25519 SHA256:abc",
  "Starting session: command for root from 10.83.0.1 port 42180 id 0",
  "Close session: user root from 10.83.0.1 port 42180 id 0",
  "Starting session: subsystem 'sftp' for root from 10.83.0.1 port 42180 id 1",
  "Starting session: shell on pts/0 for root from 10.83.0.1 port 42180 id 2",
  "",
].join("\r\n");

test("handshakes and sessions of any kind are counted; nothing else is", () => {
  expect(countSshd(LOG)).toEqual({ handshakes: 2, execs: 3 });
  expect(countSshd(LOG.replaceAll("\r", ""))).toEqual({ handshakes: 2, execs: 3 });
  expect(countSshd("")).toEqual({ handshakes: 0, execs: 0 });
});

test("a line that is still being written is left for the next look", () => {
  expect(countSshd("Starting session: command for root from 10.83.0.1 port 42180 id 0")).toEqual({
    handshakes: 0,
    execs: 0,
  });
});

test("median, least and most", () => {
  expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  expect(spread([10, 1, 2, 4])).toEqual({ median: 3, min: 1, max: 10 });
  expect(spread([5])).toEqual({ median: 5, min: 5, max: 5 });
  expect(() => spread([])).toThrow("nothing was measured");
});

test("what one host more costs, from the smallest size to each larger one", () => {
  const points = [
    { hosts: 16, value: 10 },
    { hosts: 4, value: 4 },
    { hosts: 8, value: 5 },
  ];
  expect(marginals(points)).toEqual([
    { from: 4, to: 8, perHost: 0.25 },
    { from: 4, to: 16, perHost: 0.5 },
  ]);
  expect(marginals([{ hosts: 4, value: 4 }])).toEqual([]);
  expect(marginals([])).toEqual([]);
});

test("a ratio to nothing, or to less than nothing, says nothing", () => {
  expect(ratio(3, 2)).toBe(1.5);
  expect(ratio(3, 0)).toBeUndefined();
  expect(ratio(3, -1)).toBeUndefined();
});

test("in as many repetitions as there are tools each begins once", () => {
  const tools = ["a", "b", "c"];
  expect([0, 1, 2, 3].map(repetition => rotated(tools, repetition).join(""))).toEqual(["abc", "bca", "cab", "abc"]);
  expect(rotated([], 1)).toEqual([]);
});
