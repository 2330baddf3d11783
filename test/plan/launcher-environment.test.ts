import { launcherFindings } from "../../plan/launcher-environment";
import { planNetwork } from "../../plan/network";
import { auto, fleet, node, port, withPorts } from "../support/network-facts";

test("nodes with the same names can be started by DeepSpeed's launcher, others cannot", () => {
  const same = planNetwork(fleet(withPorts(port()), withPorts(port())), auto);
  expect(launcherFindings(same.nodes)).toEqual([]);
  const named = planNetwork([node("node-1", "eth0", "10.0.0.1"), node("node-2", "ens7", "10.0.0.2")], auto);
  expect(launcherFindings(named.nodes)).toMatchObject([
    {
      code: "deepspeed-one-environment",
      severity: "error",
      fact: "NCCL_SOCKET_IFNAME is =eth0 on node-1; =ens7 on node-2",
    },
  ]);
  const ports = planNetwork(fleet(withPorts(port()), withPorts(port("mlx5_4"))), auto);
  expect(launcherFindings(ports.nodes)).toMatchObject([
    { fact: "NCCL_IB_HCA is =mlx5_0:1 on node-1; =mlx5_4:1 on node-2" },
  ]);
});
