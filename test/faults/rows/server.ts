import { connect } from "node:net";
import { until } from "../../support/command";
import { Up } from "../checkout";
import { expectFailure, expectSuccess, type Fault } from "../fault";
import type { Stage } from "../stage";

/** Settings of a host's sshd for one row; its connections of before go on as they were. */
async function setSshd(stage: Stage, node: string, ...settings: string[]): Promise<void> {
  const file = "/etc/ssh/sshd_config.d/00-fault.conf";
  const reload = 'kill -HUP "$(cat /run/sshd.pid)"';
  const lines = settings.map(setting => `'${setting}'`).join(" ");
  await stage.harmHost(node, `printf '%s\\n' ${lines} >${file}; ${reload}`, `rm -f ${file}; ${reload}`);
}

const narrow = ["MaxStartups 3:50:5", "MaxSessions 2"] as const;

export const serverFaults: readonly Fault[] = [
  {
    fault: "sshd killed, with all of its connections, while a host is at work",
    injected: "SIGKILL to every sshd of node-1 while its container is being made anew",
    expected: "node-1 is named; the command ends on the host; node-2 is done; exit 1",
    async run(stage) {
      await stage.change({ generation: stage.operator.wants.generation + 1 });
      const slow = await stage.slowDocker("node-1");
      const running = stage.operator.startUp();
      await slow.reached();
      await stage.harmHost("node-1", "pkill -KILL sshd; true", "/usr/sbin/sshd -E /var/log/sshd.log");
      expectFailure(new Up(await running.finished), { "node-1": /connection was lost/ });
      await slow.ended();
      await stage.done("node-2");
      await stage.lift();
      await stage.converges();
    },
  },
  ...narrow.map(
    (setting): Fault => ({
      fault: `sshd with ${setting}`,
      injected: "sshd_config of node-1",
      expected: "`up` succeeds: connection starts are retried, sessions queue for the places that there are",
      async run(stage) {
        await stage.change({ upload: stage.largeFile(1), generation: stage.operator.wants.generation + 1 });
        await setSshd(stage, "node-1", setting);
        expectSuccess(await stage.up());
        await stage.done("node-1", "node-2");
        await stage.lift();
        await stage.converges();
      },
    }),
  ),
  {
    fault: "a storm of other people's connections before the login (MaxStartups 3:50:5)",
    injected: "four connections to node-1's sshd that never log in",
    expected: "hung up on, `up` tries again with jitter, and succeeds once there is room",
    async run(stage) {
      await stage.change();
      await setSshd(stage, "node-1", "MaxStartups 3:50:5", "LoginGraceTime 120");
      const { address } = stage.place("node-1");
      const storm = Array.from({ length: 4 }, () => connect({ host: address, port: 22 }).on("error", () => {}));
      await until(
        "the storm has its places",
        async () => storm.every(socket => socket.bytesRead > 0 || socket.destroyed) || undefined,
      );
      const running = stage.operator.startUp();
      await until("muster was hung up on or got in", async () =>
        stage.relay("node-1").accepted > 0 ? true : undefined,
      );
      for (const socket of storm) socket.destroy();
      expectSuccess(new Up(await running.finished));
      await stage.lift();
      await stage.converges();
    },
  },
];
