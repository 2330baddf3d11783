import { readFileSync } from "node:fs";
import path from "node:path";
import { jobProcesses } from "../../facts/job-processes";

const sample = readFileSync(path.join(__dirname, "cases/job-processes/simulated-host.txt"), "utf8");
const { parse } = jobProcesses("wat");

test("processes of a job with their ranks, what they did, and whose a zombie was", () => {
  const { uptimeSeconds, processes } = parse(sample);
  expect(uptimeSeconds).toBe(924.23);
  const told = processes.map(({ pid, parent, name, launcher, rank, state }) => [
    pid,
    parent,
    name,
    launcher,
    rank,
    state,
  ]);
  expect(told).toEqual([
    [849, 847, "swift", 1, undefined, "S"],
    [947, 849, "pt_elastic", 1, undefined, "R"],
    [992, 947, "python3", 1, 2, "R"],
    [994, 947, "python3", 1, 3, "R"],
    [1701, 992, "pt (data) worker", 1, 2, "Z"],
  ]);
  expect(processes[0]).toEqual({
    job: "train",
    incarnation: "573d7cc9adff",
    launcher: 1,
    pid: 849,
    parent: 847,
    name: "swift",
    startTicks: 88897,
    state: "S",
    cpuSeconds: 2.06,
    switches: 3169,
    ioBytes: 85175309,
    waitsIn: "do_wait",
  });
  expect(processes[3]).toMatchObject({ worldSize: 4, cpuSeconds: 0.09 });
});

test("unanswered data of the job's own connections, whoever else has some", () => {
  expect(parse(sample).silentPeers).toEqual([{ job: "train", address: "10.84.0.11", connections: 2, retries: 5 }]);
  const ipv6 = sample.replaceAll("10.84.0.11:", "[fd00::11]:");
  expect(parse(ipv6).silentPeers).toMatchObject([{ address: "fd00::11", connections: 2 }]);
});

test("a host without jobs has none; one that says nothing is not understood", () => {
  expect(parse("uptime 5.00 100\n")).toEqual({ uptimeSeconds: 5, processes: [], silentPeers: [] });
  expect(() => parse("")).toThrow("how long it is up");
});
