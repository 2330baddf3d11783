import { LogPrinter } from "../../cli/log-printer";
import type { JobRecord } from "../../provider/muster/kinds/job/observation";

const record: JobRecord = {
  job: "train",
  cluster: "dev",
  identityDigest: "d",
  incarnation: "abc",
  mode: "completed",
  ranks: [
    { host: "node-1", argv: ["a"] },
    { host: "node-12", argv: ["a"] },
  ],
  claims: [],
};
describe("the printer", () => {
  function printed(ranks: readonly number[], parts: readonly [number, string][]): string {
    const printer = new LogPrinter();
    printer.begin(record, ranks);
    const written = parts.map(([rank, part]) => printer.print(rank, Buffer.from(part)));
    return Buffer.concat([...written, printer.finish()]).toString();
  }

  test("leaves one rank's bytes as they are", () => {
    expect(
      printed(
        [1],
        [
          [1, "a\rb"],
          [1, "\nc"],
        ],
      ),
    ).toBe("a\rb\nc");
  });

  test("puts rank and host before each line of several, also of one that comes in parts or writes over itself", () => {
    const parts: [number, string][] = [
      [0, "one"],
      [1, "eleven\r\n"],
      [0, " two\n5%\r6%\r"],
      [1, "x\n"],
      [0, "7%"],
    ];
    expect(printed([0, 1], parts)).toBe(
      [
        "rank 1 node-12 | eleven\r\n",
        "rank 0 node-1  | one two\n",
        "rank 0 node-1  | 5%\r",
        "\nrank 1 node-12 | x\n",
        "rank 0 node-1  | 6%\r",
        "rank 0 node-1  | 7%\n",
      ].join(""),
    );
  });
});
