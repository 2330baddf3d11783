import { parseOptions } from "../../../scripts/bench-hosts/options";

const parse = (...argv: string[]) => parseOptions(["--docker-host", "unix:///run/d.sock", ...argv]);

beforeEach(() => {
  jest.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterEach(() => jest.restoreAllMocks());

test("the defaults are the sizes of the goals and every tool", () => {
  expect(parse()).toMatchObject({
    hosts: [4, 8, 16, 32],
    repeat: 3,
    tools: ["muster", "by-hand", "ansible", "ansible-archive", "pyinfra", "pyinfra-archive"],
    latencyMs: 0,
    keep: false,
    json: false,
  });
});

test("sizes ascend and come once; tools keep their order", () => {
  expect(parse("--hosts", "16,4,4", "--tools", "pyinfra,muster", "--latency-ms", "20")).toMatchObject({
    hosts: [4, 16],
    tools: ["muster", "pyinfra"],
    latencyMs: 20,
  });
});

test.each([
  [["--hosts", "1"]],
  [["--hosts", "4,x"]],
  [["--repeat", "0"]],
  [["--latency-ms", "-1"]],
  [["--latency-ms", ""]],
  [["--tools", "muster,chef"]],
  [["--unknown"]],
])("%j is refused", argv => {
  expect(() => parse(...argv)).toThrow();
});
