import type { Harm, Phase } from "../../support/tcp-relay";
import { Up } from "../checkout";
import { expectFailure, expectSuccess, type Fault } from "../fault";

const did: Readonly<Record<Harm, string>> = {
  drop: "TCP connection dropped",
  stall: "TCP connection stalled",
  "half-close": "TCP connection half-closed",
};

/** Every connection to node-1 breaks at this point of the login. */
function duringLogin(harm: Harm, phase: Phase): Fault {
  return {
    fault: `${did[harm]} at the ${phase}, every time`,
    injected: "a TCP relay before node-1",
    expected: "node-1 is named within its connect timeout and left as it was; node-2 is done; exit 1",
    async run(stage) {
      await stage.change();
      stage.harmedRelay("node-1").harmNew({ harm, phase });
      expectFailure(await stage.up(), {
        "node-1": /hung up before the login|did not finish the login|ssh login broke off/,
      });
      await stage.done("node-2");
      await stage.lift();
      await stage.converges();
    },
  };
}

/** The first connections break, later ones do not. */
function duringFirstLogins(harm: Harm, phase: Phase): Fault {
  return {
    fault: `${did[harm]} at the ${phase}, twice`,
    injected: "a TCP relay before node-1",
    expected: "tried again with jitter; `up` succeeds and says nothing of it",
    async run(stage) {
      await stage.change();
      stage.harmedRelay("node-1").harmNew({ harm, phase, connections: 2 });
      expectSuccess(await stage.up());
      await stage.lift();
      await stage.converges();
    },
  };
}

/** The connection breaks while node-1 is at work; the next one is fine. */
function midCommand(harm: Harm): Fault {
  return {
    fault: `${did[harm]} in mid-command`,
    injected: "a TCP relay before node-1, while its container is being made anew",
    expected: "node-1 is named; the command ends on the host; node-2 is done; exit 1",
    async run(stage) {
      await stage.change({ generation: stage.operator.wants.generation + 1 });
      const slow = await stage.slowDocker("node-1");
      const running = stage.operator.startUp();
      await slow.reached();
      stage.harmedRelay("node-1").harmOpen(harm);
      expectFailure(new Up(await running.finished), { "node-1": /connection was lost/ });
      // Over a stalled link the host notices only when the next connection tells it.
      if (harm !== "stall") await slow.ended();
      await stage.done("node-2");
      await stage.lift();
      await stage.converges();
    },
  };
}

function midUpload(harm: Harm): Fault {
  return {
    fault: `${did[harm]} in mid-upload`,
    injected: "a TCP relay before node-1, after 4 MB of a file of 12 MB",
    expected: "node-1 is named; the old file is whole, no temporary file stays; node-2 is done; exit 1",
    async run(stage) {
      await stage.change({ upload: stage.largeFile(12) });
      void stage.harmedRelay("node-1").harmAfter(4_000_000, harm);
      expectFailure(await stage.up(), { "node-1": /connection was lost|bytes arrived/ });
      await stage.done("node-2");
      const { upload, leftovers } = await stage.look("node-1");
      expect([upload, harm === "stall" ? [] : leftovers]).toEqual([stage.seenBefore("node-1").upload, []]);
      await stage.lift();
      await stage.converges();
    },
  };
}

const harms: readonly Harm[] = ["drop", "stall", "half-close"];
const phases: readonly Phase[] = ["banner", "key exchange", "login"];

export const linkFaults: readonly Fault[] = [
  ...phases.flatMap(phase => harms.map(harm => duringLogin(harm, phase))),
  duringFirstLogins("drop", "banner"),
  duringFirstLogins("half-close", "key exchange"),
  ...harms.map(midCommand),
  ...harms.map(midUpload),
];
