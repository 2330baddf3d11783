import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ABSENT, factOf } from "../../facts/fact";
import { hostFactsScript, parseHostFacts } from "../../facts/host-facts";
import { parseProbe, probeScript } from "../../facts/probe";
import { rdma } from "../../facts/rdma";

const sh = (script: string) => execFileSync("/bin/sh", ["-c", script], { encoding: "utf8" });

test("a topic that fails, exits or prints a marker of its own leaves the others whole", () => {
  const answers = parseProbe(
    sh(
      probeScript({
        a: "echo one",
        b: "echo why >&2; exit 5",
        c: "echo '#end a 0'; echo '#begin b'",
        d: "printf 'no newline'",
      }),
    ),
  );
  expect(answers).toEqual({
    a: { exitCode: 0, output: "one\n" },
    b: { exitCode: 5, output: "why\n" },
    c: { exitCode: 0, output: "#end a 0\n#begin b\n" },
    d: { exitCode: 0, output: "no newline" },
  });
});

test("an answer that breaks off has no end", () => {
  const whole = sh(probeScript({ a: "echo one", b: "echo two" }));
  expect(Object.keys(parseProbe(whole.slice(0, whole.indexOf("two"))))).toEqual(["a"]);
});

test("this machine gives its own facts", () => {
  const asked = { peers: ["127.0.0.1"] };
  const facts = parseHostFacts(sh(hostFactsScript(asked)), asked);
  expect(facts.kernel).toEqual({
    status: "present",
    value: { release: sh("uname -r").trim(), architecture: sh("uname -m").trim() },
  });
  for (const topic of ["os", "processors", "memory", "disks", "sharedMemory", "limits"] as const) {
    expect(facts[topic].status).toBe("present");
  }
});

describe("RDMA from a simulated sysfs", () => {
  const root = mkdtempSync(path.join(tmpdir(), "muster-simulated-sysfs-"));
  const put = (file: string, text: string) => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), `${text}\n`);
  };
  const ask = () => {
    const script = rdma.snippet
      .replaceAll("/sys/class/infiniband", `${root}/class`)
      .replaceAll("/dev/infiniband", `${root}/dev`);
    const [output = "", code = ""] = sh(`( ${script}\n ) 2>&1; echo "#$?"`).split("#");
    return factOf(rdma, { exitCode: Number(code), output });
  };
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test("no adapter is absent", () => {
    expect(ask()).toEqual({ status: "absent" });
    expect(ABSENT).toBe(3);
  });

  test("an active RoCE port with a v2 IPv4 GID, an idle InfiniBand port, and the device file", () => {
    put("class/mlx5_0/device/numa_node", "1");
    put("class/mlx5_0/ports/1/link_layer", "Ethernet");
    put("class/mlx5_0/ports/1/state", "4: ACTIVE");
    put("class/mlx5_0/ports/1/rate", "100 Gb/sec (4X EDR)");
    put("class/mlx5_0/ports/1/gid_attrs/types/0", "IB/RoCE v1");
    put("class/mlx5_0/ports/1/gid_attrs/types/3", "RoCE v2");
    put("class/mlx5_0/ports/1/gids/0", "0000:0000:0000:0000:0000:ffff:0a00:000b");
    put("class/mlx5_0/ports/1/gids/3", "0000:0000:0000:0000:0000:ffff:0a00:000b");
    put("class/mlx5_1/ports/1/link_layer", "InfiniBand");
    put("class/mlx5_1/ports/1/state", "1: DOWN");
    put("class/mlx5_1/ports/1/rate", "400 Gb/sec (4X NDR)");
    put("dev/uverbs0", "");
    expect(ask()).toEqual({
      status: "present",
      value: {
        hasDevices: true,
        ports: [
          {
            device: "mlx5_0",
            port: 1,
            linkLayer: "Ethernet",
            isActive: true,
            rate: "100 Gb/sec (4X EDR)",
            hasRoceV2Ipv4: true,
            numaNode: 1,
          },
          {
            device: "mlx5_1",
            port: 1,
            linkLayer: "InfiniBand",
            isActive: false,
            rate: "400 Gb/sec (4X NDR)",
            hasRoceV2Ipv4: false,
          },
        ],
      },
    });
  });
});
