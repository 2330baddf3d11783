import * as path from "node:path";
import { makeCheckout } from "./site";

export default function start(): void {
  makeCheckout(path.resolve(__dirname, "../.."));
}
