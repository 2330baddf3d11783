import { expectFailure, type Fault } from "../fault";

/** A user of node-1 who may log in with the same key. */
const worker =
  "id worker 2>/dev/null || useradd -m -s /bin/sh worker; install -d -o worker -m 700 ~worker/.ssh; install -o worker -m 600 /root/.ssh/authorized_keys ~worker/.ssh/";

export const identityFaults: readonly Fault[] = [
  {
    fault: "the host key has changed",
    injected: "the relay before node-1 leads to another machine",
    expected:
      "refused before any login, with both fingerprints and the remedy; nothing is sent to the other machine; node-2 is done; exit 1",
    async run(stage) {
      await stage.change();
      const { address } = stage.place("node-3");
      const logins = () => stage.host("node-3").ask("grep -c Accepted /var/log/sshd.log; true");
      const before = await logins();
      stage.harmed(() => stage.relay("node-1").divert(stage.place("node-1").address, 22));
      stage.relay("node-1").divert(address, 22);
      const up = await stage.up();
      expectFailure(up, { "node-1": /offers host key SHA256:\S+ .*pinned is SHA256:\S+/ });
      expect(up.told).toMatch(/muster trust/);
      expect(await logins()).toBe(before);
      await stage.done("node-2");
      await stage.lift();
      await stage.converges();
    },
  },
  {
    fault: "the user may not log in",
    injected: "a user in the cluster file whom no host knows",
    expected:
      "each host is named, with the keys that were tried and what the server takes; one try a host; nothing is changed; exit 1",
    async run(stage) {
      await stage.change();
      stage.reach({ user: "nosuchuser" });
      const tries = () => stage.host("node-1").ask("grep -c 'Invalid user nosuchuser' /var/log/sshd.log; true");
      const before = Number(await tries());
      const up = await stage.up();
      expectFailure(up, { "node-1": /cannot log in.*Tried: key/, "node-2": /cannot log in.*Tried: key/ });
      expect(Number(await tries())).toBe(before + 1);
      await stage.lift();
      await stage.converges();
    },
  },
  {
    fault: "the login key was taken off a host",
    injected: "node-1's authorized_keys is empty",
    expected: "node-1 is named, with the key that was tried; node-2 is done; exit 1",
    async run(stage) {
      await stage.change();
      const [keys, away] = ["/root/.ssh/authorized_keys", "/root/.ssh/away"];
      await stage.harmHost("node-1", `mv ${keys} ${away}`, `mv ${away} ${keys}`);
      expectFailure(await stage.up(), { "node-1": /cannot log in.*Tried: key/ });
      await stage.done("node-2");
      await stage.lift();
      await stage.converges();
    },
  },
  {
    fault: "sudo is refused",
    injected: "a user without any right in sudoers",
    expected: "each host is named: no way to root, with the remedies; nothing is changed; exit 1",
    async run(stage) {
      await stage.change();
      for (const node of stage.operator.wants.nodes) await stage.host(node).ask(worker);
      stage.reach({ user: "worker" });
      const before = stage.operator.audit().length;
      expectFailure(await stage.up(), { "node-1": /sudo/, "node-2": /sudo/ });
      const tried = stage.operator.audit().slice(before);
      expect(tried.every(line => line.exit === "sudo")).toBe(true);
      await stage.lift();
      await stage.converges();
    },
  },
];
