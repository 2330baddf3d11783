import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { until } from "../../support/command";
import { Up } from "../checkout";
import { expectFailure, expectSuccess, type Fault } from "../fault";
import { dockerHostOf, sandbox } from "../site";
import type { Stage } from "../stage";

/** Tells of each session that a host's sshd starts from now on. */
function watchSessions(node: string, onSession: () => void): () => void {
  const tail = ["exec", `${sandbox}-${node}`, "tail", "-n", "0", "-F", "/var/log/sshd.log"];
  const child = spawn("docker", ["-H", dockerHostOf(), ...tail], { stdio: ["ignore", "pipe", "ignore"] });
  createInterface({ input: child.stdout }).on("line", line => {
    if (line.includes("Starting session: command")) onSession();
  });
  return () => child.kill("SIGKILL");
}

/** One `up` that is killed at the session of that number on node-1. False: there were not so many. */
async function killedAt(stage: Stage, session: number): Promise<boolean> {
  await stage.change({ generation: stage.operator.wants.generation + 1 });
  const running = stage.operator.startUp();
  let seen = 0;
  const stop = watchSessions("node-1", () => {
    if (++seen === session) running.killGroup("SIGKILL");
  });
  const { code } = await running.finished;
  stop();
  if (code === 0) return false;
  expect(code).toBe(137);
  expectSuccess(new Up(await stage.operator.muster("cancel", "--yes")));
  return true;
}

export const operatorFaults: readonly Fault[] = [
  {
    fault: "the operator is killed at each exec of a small `up`, one after the other",
    injected:
      "SIGKILL to the operator's processes when node-1's sshd starts the first, second, … session, until an `up` gets through",
    expected:
      "after `muster cancel`, one `up` each time makes everything as wanted: nothing is doubled, nothing lost, no orphan stays",
    async run(stage) {
      let session = 1;
      for (; await killedAt(stage, session); session++) {
        expectSuccess(await stage.up());
        await stage.done("node-1", "node-2");
      }
      // Files, container, image, job: were there fewer, the loop would have ended for another reason.
      expect(session).toBeGreaterThan(6);
      await stage.converges();
    },
  },
  {
    fault: "Ctrl-C during `up`",
    injected: "SIGINT to the operator while node-1's container is being made anew",
    expected: "what runs is finished, nothing new is begun, the state is valid and the lock is free; exit 1",
    async run(stage) {
      await stage.change({ generation: stage.operator.wants.generation + 1 });
      const slow = await stage.slowDocker("node-1");
      const running = stage.operator.startUp();
      await slow.reached();
      running.killGroup("SIGINT");
      await stage.lift();
      expect((await running.finished).code).toBe(1);
      await stage.converges();
    },
  },
  {
    fault: "Ctrl-C twice during `up`",
    injected: "two SIGINT to the operator while node-1's container is being made anew",
    expected: "the change under way ends on the host too; the state is valid and the lock is free; exit 1",
    async run(stage) {
      await stage.change({ generation: stage.operator.wants.generation + 1 });
      const slow = await stage.slowDocker("node-1");
      const running = stage.operator.startUp();
      await slow.reached();
      running.killGroup("SIGINT");
      await until("the first is heard", async () => (running.output().includes("Interrupt again") ? true : undefined));
      running.killGroup("SIGINT");
      expect((await running.finished).code).toBe(1);
      await slow.ended();
      await stage.lift();
      await stage.converges();
    },
  },
  {
    fault: "two operators at once, with one state",
    injected: "a second `up` of the same stack while the first one is at work",
    expected: "the second is refused at once and told who holds the lock, since when; the first one is not disturbed",
    async run(stage) {
      await stage.change({ jobSeconds: 4 });
      const running = stage.operator.startUp();
      await until("the first has the lock", async () => (stage.operator.isLocked() ? true : undefined));
      const second = await stage.up();
      expect(second.code).toBe(1);
      expect(second.told).toMatch(/locked[\s\S]*pid \d+/);
      expectSuccess(new Up(await running.finished));
      await stage.converges();
    },
  },
  {
    fault: "two operators at once, each with a state of their own",
    injected: "a second checkout, with an empty state, does `up` on the same hosts",
    expected:
      "the second is refused on each host before anything is changed, and told whose the host is and how to take it over; exit 1",
    async run(stage) {
      await stage.change();
      const second = stage.anotherOperator();
      const before = await Promise.all(second.wants.nodes.map(node => stage.host(node).fingerprint()));
      const refused = /managed by another stack: stack dev of project faults, by .*MUSTER_TAKE_OVER/;
      expectFailure(await second.up(), { "node-1": refused, "node-2": refused });
      expect(await Promise.all(second.wants.nodes.map(node => stage.host(node).fingerprint()))).toEqual(before);
      await stage.converges();
    },
  },
];
