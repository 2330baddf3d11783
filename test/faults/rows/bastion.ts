import { Up } from "../checkout";
import { expectFailure, expectSuccess, type Fault } from "../fault";

export const bastionFaults: readonly Fault[] = [
  {
    fault: "the bastion is lost during `up`",
    injected: "the relay before node-3, which both hosts are reached through, cuts its connection and takes no more",
    expected: "both hosts are named, with the bastion; what was at work ends on the host; exit 1",
    async run(stage) {
      await stage.change({ generation: stage.operator.wants.generation + 1 });
      stage.reach({ bastion: "node-3" });
      const slow = await stage.slowDocker("node-1");
      const running = stage.operator.startUp();
      await slow.reached();
      stage.harmedRelay("node-3").harmNew({ harm: "drop", phase: "banner" });
      stage.relay("node-3").harmOpen("drop");
      expectFailure(new Up(await running.finished), { "node-1": /connection was lost/ });
      await slow.ended();
      // The way stays the same one; only what harms it goes.
      stage.relay("node-3").lift();
      await slow.lift();
      expectSuccess(await stage.up());
      await stage.done("node-1", "node-2");
      await stage.lift();
      await stage.converges();
    },
  },
  {
    fault: "the bastion is not there",
    injected: "the relay before node-3, which both hosts are reached through, drops every connection",
    expected: "both hosts are named, with the bastion and why; nothing is changed; exit 1",
    async run(stage) {
      await stage.change();
      stage.reach({ bastion: "node-3" });
      stage.harmedRelay("node-3").harmNew({ harm: "drop", phase: "banner" });
      expectFailure(await stage.up(), { "node-1": /its bastion .*hung up/, "node-2": /its bastion .*hung up/ });
      await stage.lift();
      await stage.converges();
    },
  },
];
