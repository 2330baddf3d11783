import * as path from "node:path";
import { makeCheckout } from "./site";

/** With MUSTER_ACCEPTANCE_CHECKOUT the tests run where a demo is up already, and leave it up. */
export default function start(): void {
  if (process.env.MUSTER_ACCEPTANCE_CHECKOUT === undefined) makeCheckout(path.resolve(__dirname, "../.."));
  else process.env.MUSTER_ACCEPTANCE_BORROWED = "yes";
}
