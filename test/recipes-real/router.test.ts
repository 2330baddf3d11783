import { serve } from "../../config/schema/serving";
import { routerCommand } from "../../recipes/sglang/router";
import { Cleanup } from "../support/cleanup";
import { optionsAfter, reviewedOptions, unpackWheels, verdictsOf } from "./wheel";

/** The release whose options the recipe writes. */
const release = "sglang-router==0.3.2";
const begin = ["python3", "-m", "sglang_router.launch_router"];
const cleanup = new Cleanup();
let wheel: string;

beforeAll(() => {
  wheel = unpackWheels([release], cleanup);
});
afterAll(cleanup.run);

const verdicts = (lines: readonly (readonly string[])[]) => verdictsOf("parse-router-lines.py", wheel, lines);

test("the router takes the reviewed lines, and every policy of the cluster file over one server and several", () => {
  const reviewed = reviewedOptions(...begin);
  expect(reviewed).toHaveLength(1);
  const policies = serve.shape.router.unwrap().shape.policy.unwrap().options;
  const rendered = policies.flatMap(policy =>
    [["node-1"], ["node-1", "node-2", "node-3"]].flatMap(heads => {
      const settings = serve.parse({ engine: "sglang", replicas: heads.length, router: { policy } });
      if (!settings.router) throw new Error("no router");
      const transportOf = (node: string) => ({ address: node.replace("node-", "fd00::"), env: {} });
      return optionsAfter(begin, routerCommand(settings, settings.router, heads, transportOf).argv);
    }),
  );
  expect(rendered).toHaveLength(policies.length * 2);
  expect(verdicts([...reviewed, ...rendered]).filter(text => text !== "")).toEqual([]);
});

test("and refuses what is none of its own", () => {
  expect(
    verdicts([
      ["--policy", "fastest"],
      ["--worker-url", "http://a:1", "--nosuch", "1"],
    ]),
  ).toEqual([
    expect.stringContaining("invalid choice: 'fastest'"),
    expect.stringContaining("unrecognized arguments: --nosuch"),
  ]);
});
