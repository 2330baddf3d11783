import { until } from "../../support/command";
import { Up } from "../checkout";
import { expectFailure, type Fault } from "../fault";
import type { Stage } from "../stage";

/** Ends a host while its container is being made anew, and waits until it is back. */
function powerCut(fault: string, injected: string, cut: (stage: Stage) => Promise<void>): Fault {
  return {
    fault,
    injected,
    expected: "node-1 is named; node-2 is done; exit 1",
    async run(stage) {
      await stage.change({ generation: stage.operator.wants.generation + 1 });
      const slow = await stage.slowDocker("node-1");
      const running = stage.operator.startUp();
      await slow.reached();
      await cut(stage);
      expectFailure(new Up(await running.finished), {
        "node-1": /connection was lost|no route|refused|no TCP connection/,
      });
      await stage.done("node-2");
      await stage.lift();
      await stage.converges();
    },
  };
}

/** Waits until sshd and the Docker engine of a host answer again. */
function isBack(stage: Stage, node: string): Promise<true> {
  return until(`${node} is back`, async () =>
    (await stage.host(node).sh("pgrep -x sshd && docker version")).code === 0 ? true : undefined,
  );
}

async function switchedOff(stage: Stage, node: string): Promise<void> {
  stage.harmed(async () => {
    await stage.host(node).power("start");
    await isBack(stage, node);
  });
  await stage.host(node).power("stop");
}

const dockerAway = `d=$(command -v dockerd); echo "$d" >/run/dockerd-was; mv "$d" "$d.away"
  kill $(pgrep -x dockerd); while pgrep -x dockerd >/dev/null; do sleep 0.1; done`;
const dockerBack = 'd=$(cat /run/dockerd-was); mv "$d.away" "$d"';

export const hostFaults: readonly Fault[] = [
  powerCut(
    "a host reboots during `up`",
    "shutdown and boot of node-1 while its container is being made anew",
    async stage => {
      await stage.host("node-1").restart();
      await isBack(stage, "node-1");
    },
  ),
  powerCut("a host loses power during `up`", "node-1 killed, and switched on again", async stage => {
    await stage.host("node-1").power("kill");
    await stage.host("node-1").power("start");
    await isBack(stage, "node-1");
  }),
  {
    fault: "a host is off",
    injected: "node-1 is stopped before `up`",
    expected: "node-1 is named once, with what to check; its resources are left as they were; node-2 is done; exit 1",
    async run(stage) {
      await stage.change();
      await switchedOff(stage, "node-1");
      const up = await stage.up();
      expectFailure(up, { "node-1": /did not finish the login|no route|refused|no TCP connection/ });
      expect(up.told.match(/error occurred/g)).toHaveLength(1);
      await stage.done("node-2");
      await stage.lift();
      await stage.converges();
    },
  },
  {
    fault: "the Docker engine restarts during `up`",
    injected: "SIGTERM to node-1's dockerd, which comes back by itself, while its container is being made anew",
    expected: "either it is done, or the error names node-1 and Docker; node-2 is done",
    async run(stage) {
      await stage.change({ generation: stage.operator.wants.generation + 1 });
      const slow = await stage.slowDocker("node-1");
      const running = stage.operator.startUp();
      await slow.reached();
      await stage.host("node-1").ask("kill $(pgrep -x dockerd)");
      await stage.lift();
      const up = new Up(await running.finished);
      if (up.code !== 0) expectFailure(up, { "node-1": /[Dd]ocker/ });
      await stage.done("node-2");
      await isBack(stage, "node-1");
      await stage.converges();
    },
  },
  {
    fault: "the Docker engine is stopped",
    injected: "node-1's dockerd ended, and kept from coming back",
    expected:
      "node-1 is named, with Docker's own words and the remedy; what needs no Docker is done; node-2 is done; exit 1",
    async run(stage) {
      await stage.change({ generation: stage.operator.wants.generation + 1 });
      stage.harmed(() => isBack(stage, "node-1"));
      await stage.harmHost("node-1", dockerAway, dockerBack);
      expectFailure(await stage.up(), { "node-1": /Cannot connect to the Docker daemon/ });
      await stage.done("node-2");
      await stage.lift();
      await stage.converges();
    },
  },
  {
    fault: "the container is removed by somebody during `up`",
    injected: "docker rm -f on node-1 while its job runs",
    expected: "the job is reported as failed, with node-1; node-2 is done; exit 1",
    async run(stage) {
      await stage.change({ jobSeconds: 5 });
      const running = stage.operator.startUp();
      await until("the job runs", async () => {
        const runs = await stage.host("node-1").sh("pgrep -fx 'sleep 5'");
        return runs.code === 0 ? true : undefined;
      });
      await stage.host("node-1").ask("docker rm -f faults-app");
      expectFailure(new Up(await running.finished), { "node-1": /job count/ });
      await stage.done("node-2");
      await stage.converges();
    },
  },
];
