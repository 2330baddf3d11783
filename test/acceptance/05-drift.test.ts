import { until } from "../support/command";
import { type Drift, Round } from "./drift-round";
import { SimulatedHost } from "./simulated-host";

const node1 = new SimulatedHost("node-1");
const node2 = new SimulatedHost("node-2");
const OWN = "/var/lib/muster/dev";

/** Id and start of a node's container. */
const container = (host: SimulatedHost) => host.ask("docker inspect -f '{{.Id}} {{.State.StartedAt}}' ms");
const server = () => node1.ask("pgrep -f 'vllm serve' | head -1");
const record = (job: string) => node1.ask(`cat ${OWN}/jobs/${job}/job.json`);
const limits = (host: SimulatedHost) =>
  host.ask(
    "docker inspect -f '{{with .HostConfig}}{{.PidsLimit}} {{.NanoCpus}} {{.CpusetCpus}} {{.RestartPolicy.Name}}{{end}}' ms",
  );
/** A file's inode, size and time of last writing: it is still the same, not a copy. */
const same = (host: SimulatedHost, path: string) => host.ask(`stat -c '%i %s %y' ${path}`);

/** Another run of the server is another answer to prove. */
const smokeAgain = /^(replace|delete-replaced|create-replacement) dev-pipeline-smoke-job$/;

function edited(name: string, file: Pick<Drift, "host" | "resource"> & { path: string }, harm: string): Drift {
  return {
    name,
    ...file,
    harm: () => file.host.ask(harm),
    names: [/content/],
    step: `update ${file.resource}`,
    mutations: [`write ${file.path}`],
    evidence: host => host.ask(`sha256sum <${file.path}`),
  };
}

/** In a new container the fabric is proven anew, unless the server has the GPUs. */
const gateAgain = /^update dev-fabric-gate$/;
const ofGate = / (job )?gate$| job gate /;

/** Everything that can be harmed on the same hosts at once, one row each. */
const files: Drift[] = [
  {
    ...edited(
      "a file is edited",
      { host: node1, resource: "dev-node-1-known-hosts", path: `${OWN}/ssh/known_hosts` },
      `echo '[node-9]:2333 ssh-ed25519 AAAA' >>${OWN}/ssh/known_hosts`,
    ),
    names: [/content/, /^ *- \[node-9\]:2333 ssh-ed25519 AAAA$/m],
  },
  {
    ...edited(
      "a key is dropped from authorized_keys",
      { host: node1, resource: "dev-node-1-authorized-keys", path: `${OWN}/ssh/authorized_keys` },
      `sed -i '/ muster dev mesh/d' ${OWN}/ssh/authorized_keys`,
    ),
    names: [/content: "" -> "from=.*ssh-ed25519 .* muster dev mesh/],
  },
  {
    ...edited(
      "a line is dropped from the hostfile",
      { host: node2, resource: "dev-node-2-hostfile", path: `${OWN}/workspace/hostfile` },
      `sed -i '/^node-1 /d' ${OWN}/workspace/hostfile`,
    ),
    names: [/content/, /^ *\+ node-1 slots=2$/m],
  },
  {
    ...edited(
      "a secret file is edited: that it differs is told, what is in it is not",
      { host: node2, resource: "dev-node-2-host-key", path: `${OWN}/node/ssh_host_ed25519_key` },
      `echo hand-made-secret >>${OWN}/node/ssh_host_ed25519_key`,
    ),
    names: [/content: \[secret\]/],
    hides: /hand-made-secret|BEGIN OPENSSH/,
  },
  {
    name: "a file is deleted",
    host: node1,
    resource: "dev-node-1-profile",
    harm: () => node1.ask(`rm ${OWN}/node/profile.sh`),
    names: [/profile\.sh/],
    step: "create dev-node-1-profile",
    mutations: [`write ${OWN}/node/profile.sh`],
    evidence: host => host.ask(`sha256sum <${OWN}/node/profile.sh; stat -c %a ${OWN}/node/profile.sh`),
  },
  {
    name: "a file's mode is changed",
    host: node2,
    resource: "dev-node-2-mesh-key",
    harm: () => node2.ask(`chmod 0644 ${OWN}/ssh/id_ed25519`),
    names: [/mode: "0644" -> "0600"/],
    step: "update dev-node-2-mesh-key",
    mutations: [`set mode of ${OWN}/ssh/id_ed25519`],
    evidence: async host =>
      `${await host.ask(`stat -c %a ${OWN}/ssh/id_ed25519`)} ${await same(host, `${OWN}/ssh/id_ed25519`)}`,
  },
  {
    name: "a file's owner is changed",
    host: node2,
    resource: "dev-node-2-ssh-config",
    harm: () => node2.ask(`chown 1234:1234 ${OWN}/ssh/config`),
    names: [/owner: "1234:1234" -> "root"/],
    step: "update dev-node-2-ssh-config",
    mutations: [`set owner of ${OWN}/ssh/config`],
    evidence: async host =>
      `${await host.ask(`stat -c %u ${OWN}/ssh/config`)} ${await same(host, `${OWN}/ssh/config`)}`,
  },
  {
    name: "a link takes a file's place",
    host: node1,
    resource: "dev-node-1-tools",
    harm: () => node1.ask(`ln -sf /etc/hostname ${OWN}/tools/chat.py`),
    names: [/chat\.py.*"\[link\]"/],
    step: "update dev-node-1-tools",
    mutations: [`write chat.py in ${OWN}/tools`],
    evidence: host => host.ask(`stat -c %F ${OWN}/tools/chat.py; sha256sum <${OWN}/tools/chat.py; cat /etc/hostname`),
  },
];

const limited: Drift = {
  name: "somebody runs docker update",
  host: node1,
  resource: "dev-node-1-container",
  harm: () => node1.ask("docker update --pids-limit 500 --cpus 1 --cpuset-cpus 0 --restart no ms"),
  names: [
    /pidsLimit: 500 -> 65536/,
    /cpus: removed, was 1/,
    /cpusetCpus: removed/,
    /restart: "no" -> "unless-stopped"/,
  ],
  step: "update dev-node-1-container",
  mutations: ["update cpus, cpuset-cpus, pids-limit, restart of container ms"],
  events: ["update ms"],
  // What no option of docker update takes away is set to all processors.
  evidence: async host => `${(await limits(host)).replace(/ 2000000000 0-1 /, " 0  ")} ${await container(host)}`,
};

const serverKilled: Drift = {
  name: "a serving job is killed",
  host: node1,
  resource: "dev-pipeline-serve-job",
  harm: async () => {
    await node1.ask("pkill -9 -f 'vllm serve'");
    await until("its supervisor has noticed", async () =>
      (await node1.sh(`test -e ${OWN}/jobs/serve/done`)).code === 0 ? true : undefined,
    );
  },
  names: [/status: found "failed"/, /problem: found "rank 0 \(node-1\) was ended by SIGKILL"/],
  step: "update dev-pipeline-serve-job",
  alsoSteps: [smokeAgain],
  mutations: [/ job serve/, / job smoke/],
  evidence: async host => (await host.ask("pgrep -cf 'vllm serve'")).replace(/[1-9]\d*/, "some"),
};

const gpusLost: Drift = {
  name: "a container loses its GPUs (SIMULATED systemctl daemon-reload)",
  host: node2,
  resource: "dev-node-2-container",
  harm: () => node2.ask("simulated-gpu-loss ms"),
  names: [/status: found "gpus lost"/, /problem: found "nvidia-smi fails in it, and works on the host/],
  step: "update dev-node-2-container",
  mutations: ["restart container ms"],
  events: ["kill ms", "die ms", "stop ms", "start ms", "restart ms"],
  evidence: async host => `${(await container(host)).split(" ")[0]} ${await host.inContainer("nvidia-smi -L")}`,
};

const sshdHangs: Drift = {
  name: "the sshd in a container hangs, while a job runs there",
  host: node1,
  resource: "dev-node-1-container",
  harm: () => node1.ask("kill -STOP $(pgrep -f 'sshd.*muster/sshd_config.*listener')"),
  names: [/status: found "unhealthy"/, /problem: found "its health probe fails: sshd takes a connection on/],
  step: "update dev-node-1-container",
  mutations: ["restart the service in container ms"],
  events: [],
  // The job's process is the same one, and the other node comes in again.
  evidence: async host =>
    `${await container(host)} ${await server()} ${await node2.inContainer("ssh node-1 hostname")}`,
};

const recreated: Drift = {
  name: "a container is recreated by hand with other options",
  host: node2,
  resource: "dev-node-2-container",
  harm: () =>
    node2.ask(
      `image=$(docker inspect -f '{{.Image}}' ms); docker rm -f ms
docker run -d --name ms --net=host --ipc=host --shm-size=64m -e EXTRA=1 -v /tmp:/scratch --user 1000 "$image" sleep infinity`,
    ),
  names: [
    ...[/shmSizeMib: 64 -> 1024/, /EXTRA/, /scratch/, /"sleep"/, /gpus: "none" -> "all"/],
    ...[/capDrop/, /securityOpt/, /undeclared: found .*--user=1000.*--ipc=host/],
  ],
  step: "replace dev-node-2-container",
  alsoSteps: [
    /^(delete-replaced|create-replacement) dev-node-2-container$/,
    /dev-node-2-step-python-version$/,
    gateAgain,
  ],
  mutations: ["remove container ms", "start container ms"],
  events: ["kill ms", "die ms", "destroy ms", "create ms", "start ms"],
  evidence: host =>
    host.ask(
      "docker inspect -f '{{with .HostConfig}}{{.ShmSize}} {{.IpcMode}} {{.CapDrop}} {{.SecurityOpt}}{{end}} {{with .Config}}{{.User}} {{.Cmd}}{{end}}' ms; docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' ms | sort",
    ),
};

const removed: Drift = {
  name: "a container is removed, and the server in it dies with it",
  host: node1,
  resource: "dev-node-1-container",
  harm: () => node1.ask("docker rm -f ms"),
  names: [/status: found "absent"/],
  step: "update dev-node-1-container",
  alsoSteps: [/^update dev-pipeline-serve-job$/, smokeAgain, /dev-node-1-step-python-version$/, gateAgain],
  mutations: ["start container ms", "start job serve", / job serve/, / job smoke/],
  alsoMutations: [ofGate],
  events: ["create ms", "start ms"],
  evidence: async host =>
    `${await host.inContainer("ssh node-2 hostname")} ${(await server()) === "" ? "no" : "a"} server`,
};

const stopped: Drift = {
  name: "a container is stopped",
  host: node2,
  resource: "dev-node-2-container",
  harm: () => node2.ask("docker stop -t 1 ms"),
  names: [/status: found "exited"/],
  step: "update dev-node-2-container",
  mutations: ["start container ms"],
  alsoMutations: [ofGate],
  events: ["start ms"],
  evidence: async host => `${(await container(host)).split(" ")[0]} ${await host.inContainer("ssh node-1 hostname")}`,
};

const rounds: [string, Drift[]][] = [
  ["files, limits, a killed server, lost GPUs", [...files, limited, serverKilled, gpusLost]],
  ["an sshd that hangs, a container by hand", [sshdHangs, recreated]],
  ["a container removed, another stopped", [removed, stopped]],
];

describe.each(rounds)("what changed behind muster's back: %s", (_title, drifts) => {
  const round = new Round([node1, node2], drifts);
  let trained: string;

  beforeAll(async () => {
    trained = await record("train");
    await round.run();
  }, 280_000);

  test("preview changes nothing", () => round.expectPreviewChangedNothing());
  test.each(drifts.map(drift => [drift.name, drift] as const))(
    "%s: preview names it, up repairs just that",
    (_, drift) => round.expectRepaired(drift),
  );
  test("nothing else was changed, and the next up sends nothing", () => round.expectNothingElse());
  test("no training ran again", async () => expect(await record("train")).toBe(trained));
});

test("an sshd that is killed comes back by itself; container and job do not notice", async () => {
  const before = [await container(node1), await server()];
  await node1.ask("pkill -9 -f 'sshd.*muster/sshd_config.*listener'");
  await until("node-2 comes in again", async () => {
    const said = await node2.sh("docker exec ms ssh -o ConnectTimeout=2 node-1 hostname");
    return said.code === 0 ? true : undefined;
  });
  expect([await container(node1), await server()]).toEqual(before);
});

test("after a reboot of a host its container and sshd come back by themselves", async () => {
  const before = await node2.ask("docker inspect -f '{{.Id}}' ms");
  await node2.restart();
  const banner = await until("sshd of node-2's container answers node-1", async () => {
    const said = await node1.sh("docker exec ms ssh -o ConnectTimeout=2 node-2 hostname");
    return said.code === 0 ? said.stdout.trim() : undefined;
  });
  expect(banner).toBe("node-2");
  expect(await node2.ask("docker inspect -f '{{.Id}}' ms")).toBe(before);
  expect(await node2.inContainer("env -i bash -lc 'echo $GLOO_SOCKET_IFNAME'")).toBe("eth0");
});
