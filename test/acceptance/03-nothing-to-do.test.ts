import { muster } from "./muster";
import { SimulatedHost } from "./simulated-host";

test("a second up changes nothing and needs one handshake per host", async () => {
  const hosts = [new SimulatedHost("node-1"), new SimulatedHost("node-2")];
  const before = await Promise.all(
    hosts.map(async host => ({
      files: await host.fingerprint(),
      handshakes: await host.handshakes(),
      time: await host.now(),
    })),
  );

  const done = await muster(["up", "-s", "dev", "--yes", "--expect-no-changes", "--json"]);

  expect(done.stdout.slice(-3000) + done.stderr).not.toMatch(/error/i);
  expect(done.code).toBe(0);
  for (const [index, host] of hosts.entries()) {
    expect(await host.fingerprint()).toBe(before[index]?.files);
    expect(await host.containerEvents(before[index]?.time ?? 0)).toEqual([]);
    expect((await host.handshakes()) - (before[index]?.handshakes ?? 0)).toBe(1);
  }
});
