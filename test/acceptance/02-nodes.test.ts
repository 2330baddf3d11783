import { SimulatedHost } from "./simulated-host";

const node1 = new SimulatedHost("node-1");
const node2 = new SimulatedHost("node-2");

describe("nodes of the cluster", () => {
  test("ssh by name between containers: no password, strict host keys, NCCL and Gloo variables", async () => {
    const env = await node1.inContainer("ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -p 2333 node-2 env");
    expect(env).toMatch(/^NCCL_SOCKET_IFNAME==eth0$/m);
    expect(env).toMatch(/^GLOO_SOCKET_IFNAME=eth0$/m);
    expect(env).toMatch(/^NCCL_IB_DISABLE=1$/m);
    expect(await node2.inContainer("ssh -o BatchMode=yes node-1 hostname")).toBe("node-1");
  });

  test("hostfile and shared memory as declared", async () => {
    for (const node of [node1, node2]) {
      expect(await node.inContainer("cat hostfile")).toBe("node-1 slots=2\nnode-2 slots=2");
      expect(await node.inContainer("df -BM --output=size /dev/shm | tail -1 | tr -d ' '")).toBe("1024M");
    }
  });

  test("the container asks Docker for GPUs, and has them", async () => {
    const requests = JSON.parse(await node1.ask("docker inspect -f '{{json .HostConfig.DeviceRequests}}' ms"));
    expect(requests).toEqual([expect.objectContaining({ Count: -1, Capabilities: [["gpu"]] })]);
    expect((await node1.inContainer("nvidia-smi -L")).split("\n")).toHaveLength(2);
  });

  test("password login is refused", async () => {
    const said = await node1.sh(
      "ssh -p 2333 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes -o PubkeyAuthentication=no -o PreferredAuthentications=password,keyboard-interactive root@10.77.0.12 true",
    );
    expect(said.code).toBe(255);
    expect(said.stderr).toMatch(/Permission denied \(publickey\)/);
  });

  test("a stranger's key is refused, and the mesh key opens no host", async () => {
    const key = "ssh-keygen -q -t ed25519 -N '' -f /tmp/stranger <<<y >/dev/null; ssh -i /tmp/stranger";
    const options =
      "-o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null";
    const stranger = await node1.sh(`bash -c '${key} ${options} -p 2333 root@10.77.0.12 true'`);
    expect(stranger.stderr).toMatch(/Permission denied \(publickey\)/);
    const host = await node1.sh(
      `docker exec ms ssh ${options} -i /root/.ssh/id_ed25519 -F /dev/null -p 22 root@10.77.0.12 true`,
    );
    expect(host.stderr).toMatch(/Permission denied \(publickey\)/);
  });

  test("the pip mirror reaches pip, also over ssh; the user's own step has run on every node", async () => {
    const pip = "python3 -m pip config list | grep ^global.index-url";
    expect(await node1.inContainer(pip)).toBe("global.index-url='http://10.77.0.1:8080/simple'");
    expect(await node1.inContainer(`ssh node-2 ${pip}`)).toBe("global.index-url='http://10.77.0.1:8080/simple'");
    for (const node of [node1, node2])
      expect(await node.inContainer("cat /tmp/python-version.txt")).toMatch(/^Python 3\./);
  });

  test("no secret shows in the environment of the container, in processes or in docker inspect", async () => {
    const inspect = await node1.ask("docker inspect ms");
    const processes = await node1.ask("ps -eo args");
    const key = await node1.ask("cat /var/lib/muster/dev/ssh/id_ed25519 | sed -n 2p");
    expect(key.length).toBeGreaterThan(20);
    for (const text of [inspect, processes]) expect(text).not.toContain(key);
    expect(await node1.ask("stat -c %a /var/lib/muster/dev /var/lib/muster/dev/ssh/id_ed25519")).toBe("700\n600");
  });
});
