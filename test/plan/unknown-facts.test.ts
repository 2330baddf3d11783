import { unaskedFacts } from "../../facts/host-facts";
import { wasAsked } from "../../plan/known-facts";
import { unknownFacts, unreachableHosts } from "../../plan/unknown-facts";

describe("hosts that could not be asked", () => {
  const host = { node: "node-3", address: "10.0.0.13", access: "unasked", foreignOwner: "" };

  test("are one finding with the reason and its remedy, not one for each topic", () => {
    const facts = unaskedFacts("10.0.0.13:22: no route to the host", "check the address");
    expect(wasAsked({ ...host, facts })).toBe(false);
    expect(unknownFacts([{ ...host, facts }])).toEqual([]);
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

  test("a topic that could not be read on a host that answered is a finding of its own", () => {
    const facts = { ...unaskedFacts("never mind"), os: { status: "absent" as const } };
    const findings = unknownFacts([{ ...host, access: "root", facts }]);
    expect(findings).toHaveLength(12);
    expect(new Set(findings.map(finding => finding.code))).toEqual(new Set(["fact-unknown"]));
    expect(findings.find(finding => finding.fact.startsWith("gpus "))?.severity).toBe("error");
  });
});
