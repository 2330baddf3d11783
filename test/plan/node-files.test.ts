import { execFileSync } from "node:child_process";
import { renderAuthorizedKeys } from "../../plan/authorized-keys";
import { nodeEnvironment, renderProfile, renderSshEnvironment } from "../../plan/environment";
import { renderHealthScript } from "../../plan/health-script";
import { renderHostfile } from "../../plan/hostfile";
import { renderKnownHosts } from "../../plan/known-hosts";
import { meshProbe, meshSshdCommand, renderMeshSsh } from "../../plan/mesh-ssh";
import { renderProxyFunctions } from "../../plan/proxy";
import { renderSshConfig } from "../../plan/ssh-config";
import { renderSshdConfig } from "../../plan/sshd-config";
import { renderSshdScript } from "../../plan/sshd-script";
import { renderStartScript } from "../../plan/start-script";
import { expectGolden } from "../support/golden";

const nodes = [
  { name: "node-1", address: "172.16.16.4", port: 2333 },
  { name: "node-2", address: "172.16.16.3", port: 2333 },
];

test("files of a node read as people would write them", () => {
  expectGolden("node/ssh_config", renderSshConfig(nodes));
  expectGolden("node/hostfile", renderHostfile(["node-1", "node-2"], 8));
  const keyed = nodes.map(node => ({ ...node, publicKey: `ssh-ed25519 AAAAKEY-${node.name} root@${node.name}\n` }));
  expectGolden("node/known_hosts", renderKnownHosts(keyed));
  expectGolden(
    "node/sshd_config",
    renderSshdConfig({ port: 2333, listenAddress: "172.16.16.4", allowPassword: false }),
  );
  const people = ["ssh-ed25519 AAAAPERSON me@desk"];
  expectGolden(
    "node/authorized_keys",
    renderAuthorizedKeys("ssh-ed25519 AAAAMESH mesh\n", ["172.16.16.4", "172.16.16.3"], people),
  );
  const proxy = { url: "http://10.0.0.1:7890", noProxy: [".corp"], testUrl: "https://www.google.com" };
  expectGolden("node/proxy.sh", renderProxyFunctions(proxy, nodes));
  expectGolden("node/start.sh", renderStartScript());
  expectGolden("node/sshd.sh", renderSshdScript());
  expectGolden("node/health.sh", renderHealthScript());
  const env = nodeEnvironment({ NCCL_SOCKET_IFNAME: "=eth0", GLOO_SOCKET_IFNAME: "eth0" }, { NOTE: "it's here" });
  expectGolden("node/environment", renderSshEnvironment(env));
  expectGolden("node/profile.sh", renderProfile(env));
});

test("without a container the mesh has its files elsewhere, and PAM lets a locked root in by key", () => {
  const root = "/var/lib/muster/c";
  const places = {
    hostKey: `${root}/node/ssh_host_ed25519_key`,
    authorizedKeys: `${root}/ssh/authorized_keys`,
    pidFile: "/run/sshd.muster-c.pid",
    usePam: true,
  };
  const settings = { port: 2333, listenAddress: "172.16.16.4", allowPassword: false, places };
  expectGolden("node/host_sshd_config", renderSshdConfig(settings));
  const client = { key: `${root}/ssh/id_ed25519`, knownHosts: `${root}/ssh/known_hosts` };
  expectGolden("node/host_ssh_config", renderSshConfig(nodes, client));
});

test.each([
  renderStartScript(),
  renderSshdScript(),
  renderHealthScript(),
  renderMeshSsh("/it's/config"),
  `#!/bin/sh\n${meshProbe("172.16.16.4", 2333)}`,
  `#!/bin/sh\n${meshSshdCommand("/it's/sshd_config")[2]}\n`,
])("shell text is clean", text => {
  execFileSync("shellcheck", ["-"], { input: text });
});

test("a later layer of variables wins, and a line break is refused by name", () => {
  expect(nodeEnvironment({ A: "1", B: "1" }, { A: "2" })).toEqual({ A: "2", B: "1" });
  expect(() => renderSshEnvironment({ A: "x\nLD_PRELOAD=/evil" })).toThrow("container.env.A");
});

test("a password login is only there when it was asked for", () => {
  const asked = renderSshdConfig({ port: 2333, listenAddress: "::", allowPassword: true });
  expect(asked).toContain("PasswordAuthentication yes\n");
  expect(asked).toContain("PermitRootLogin yes\n");
});
