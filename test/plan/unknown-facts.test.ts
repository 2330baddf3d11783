import { type HostFacts, unaskedFacts } from "../../facts/host-facts";
import { wasAsked } from "../../plan/known-facts";
import { unknownFacts, unreachableHosts } from "../../plan/unknown-facts";

/** Every topic answered. */
const healthy = Object.fromEntries(
  Object.entries(unaskedFacts("")).map(([topic, fact]) => [
    topic,
    topic === "formatVersion" ? fact : { status: "absent" },
  ]),
) as unknown as HostFacts;

describe("hosts that could not be asked", () => {
  const host = { node: "node-3", address: "10.0.0.13", access: "unasked", foreignOwner: "" };

  test("are one finding with the reason and its remedy, not one for each topic", () => {
    const facts = unaskedFacts("10.0.0.13:22: no route to the host", "check the address");
    expect(wasAsked({ ...host, facts })).toBe(false);
    expect(unknownFacts([{ ...host, facts }], true)).toEqual([]);
    expect(unreachableHosts([{ ...host, facts }])).toEqual([
      {
        code: "unreachable",
        severity: "error",
        host: "node-3",
        fact: "10.0.0.13:22: no route to the host",
        why: "nothing else about this host is known",
        remedy: "check the address",
      },
    ]);
  });

  test("topics that could not be read on a host that answered are a finding for each reason", () => {
    const model = { status: "unknown" as const, reason: "Permission denied" };
    const facts = { ...unaskedFacts("never mind"), os: { status: "absent" as const }, model };
    const findings = unknownFacts([{ ...host, access: "root", facts }], true);
    expect(findings).toMatchObject([
      {
        code: "fact-unknown",
        severity: "error",
        fact: expect.stringMatching(/^kernel, .*gpus, .* could not be read: never mind$/),
      },
      { code: "fact-unknown", severity: "warning", fact: "model could not be read: Permission denied" },
    ]);
  });

  test("RDMA ports that could not be read stop a run that may use them: a container would lose its devices for it", () => {
    const facts = { ...healthy, rdma: { status: "unknown" as const, reason: "Input/output error" } };
    const of = (usesRdma: boolean) => unknownFacts([{ ...host, access: "root", facts }], usesRdma);
    expect(of(true)).toMatchObject([
      { severity: "error", host: "node-3", fact: "rdma could not be read: Input/output error" },
    ]);
    expect(of(false)).toMatchObject([{ severity: "warning", host: "node-3" }]);
  });
});
