import { lookAtFile } from "../../provider/muster/kinds/file-look";
import { FakeHosts } from "../../remote/fake";
import { RemoteError, type RemoteErrorKind } from "../../remote/remote-error";

const TOGETHER = /^export LC_ALL=C\nset -- /;
const DIGEST = "a".repeat(64);

function failing(kind: RemoteErrorKind): RemoteError {
  return new RemoteError({ kind, host: "node-1", address: "10.0.0.1:22", problem: "it broke" });
}

/** Two files that are looked at in one turn; alone each answers as it is. */
async function lookAtTwo(hosts: FakeHosts, signals = [new AbortController().signal]) {
  hosts.query(/^set -eu\np=\/etc\/a\n/, `regular file|644|0:0|1\n${DIGEST}\n`);
  hosts.query(/^set -eu\np=\/etc\/b\n/, "absent\n");
  const looks = ["/etc/a", "/etc/b"].map((path, index) => {
    const signal = signals[index % signals.length] as AbortSignal;
    return lookAtFile({ hosts, signal }, "node-1", path, DIGEST);
  });
  return Promise.allSettled(looks);
}

test("what is not all there is to say is looked at alone", async () => {
  const hosts = new FakeHosts().query(TOGETHER, `regular file|644|0:0|1|/etc/a\n\n${DIGEST}  /etc/a\n`);
  const [a, b] = await lookAtTwo(hosts);
  expect(a).toMatchObject({ value: { type: "file", mode: "0644", owner: "root", sha256: DIGEST } });
  expect(b).toEqual({ status: "fulfilled", value: undefined });
  expect(hosts.calls).toHaveLength(2);
});

test("when they take too long together each is looked at alone, with its own time", async () => {
  const hosts = new FakeHosts().query(TOGETHER, failing("timeout"));
  const [a, b] = await lookAtTwo(hosts);
  expect(a).toMatchObject({ status: "fulfilled", value: { sha256: DIGEST } });
  expect(b).toEqual({ status: "fulfilled", value: undefined });
  expect(hosts.calls).toHaveLength(3);
});

test("a lost link is an error for each, never absence", async () => {
  const outcomes = await lookAtTwo(new FakeHosts().query(TOGETHER, failing("lost")));
  expect(outcomes.map(each => each.status)).toEqual(["rejected", "rejected"]);
});

test("what ends one early does not end the others", async () => {
  const one = new AbortController();
  one.abort(new Error("its own limit"));
  const hosts = new FakeHosts().query(TOGETHER, "\n");
  const [, b] = await lookAtTwo(hosts, [one.signal, new AbortController().signal]);
  expect(b).toEqual({ status: "fulfilled", value: undefined });
});
