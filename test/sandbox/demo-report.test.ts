import { reportText } from "../../sandbox/demo-report";

describe("reportText", () => {
  const text = reportText({
    elapsedSeconds: 61.5,
    hosts: [
      { name: "node-1", address: "10.77.0.11" },
      { name: "node-2", address: "10.77.0.12" },
    ],
    outputs: { steps: { training: "completed", serving: "ready" }, url: "http://10.77.0.11:6060", reply: "hello" },
  });

  it("shows hosts, steps, the reply and what to try next", () => {
    expect(text).toContain("  node-2  10.77.0.12");
    expect(text).toContain("  training  completed\n  serving   ready\n  url       http://10.77.0.11:6060");
    expect(text).toMatch(/Reply of the served model.*\n {2}hello/);
    expect(text).toContain("Done in 61.5 s");
    expect(text).toContain("./scripts/demo --down");
  });

  it("says that the hosts are simulated", () => {
    expect(text).toMatch(/SIMULATED/);
  });
});
