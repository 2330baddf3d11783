import { expectSuccess, type Fault } from "../fault";

const offsets = { "an hour ahead": "+1h", "an hour behind": "-1h" } as const;

export const clockFaults: readonly Fault[] = Object.entries(offsets).map(
  ([words, offset]): Fault => ({
    fault: `the operator's clock is ${words} of the hosts' (simulated: faketime)`,
    injected: `faketime ${offset} for the whole of \`up\``,
    expected: "`up` succeeds: no decision compares the two clocks",
    async run(stage) {
      await stage.change({ generation: stage.operator.wants.generation + 1, jobSeconds: 1 });
      const env = { FAKETIME_DONT_FAKE_MONOTONIC: "1" };
      expectSuccess(
        await stage.up({
          through: ["faketime", "-f", offset],
          env: { ...env, PULUMI_CONFIG_PASSPHRASE: "fault tests" },
        }),
      );
      await stage.done("node-1", "node-2");
      await stage.converges();
    },
  }),
);
