import { readFileSync } from "node:fs";
import { OperatorError } from "../../wire/operator-error";
import type { Json } from "../../wire/struct";
import { messageOf } from "../diagnosed-error";
import type { Cipher } from "../secrets/passphrase";
import { writeDurably } from "../state/files";
import type { DeploymentPlan } from "./deployment-plan";
import { planFromJson, planToJson } from "./plan-json";

const INDENT = 4;

/** Writes a plan, readable by its owner alone: either the old file or the whole new one is there. @throws OperatorError */
export function writePlan(file: string, plan: DeploymentPlan, cipher: Cipher): void {
  try {
    writeDurably(file, `${JSON.stringify(planToJson(plan, cipher, new Date()), null, INDENT)}\n`);
  } catch (error) {
    throw new OperatorError({
      summary: "the plan can't be written",
      where: file,
      detail: messageOf(error),
      remedy: "name a file in a folder that exists",
    });
  }
}

/** Reads the plan of a stack. @throws OperatorError naming the file */
export function readPlan(file: string, stack: string, project: string, cipher: Cipher): DeploymentPlan {
  const unfit = (summary: string, detail: string): OperatorError =>
    new OperatorError({
      summary,
      where: file,
      detail,
      remedy: `make a new plan: muster preview -s ${stack} --save-plan FILE`,
    });
  let json: Json;
  try {
    json = JSON.parse(readFileSync(file, "utf8")) as Json;
  } catch (error) {
    throw unfit("the plan can't be read", messageOf(error));
  }
  let plan: DeploymentPlan;
  try {
    plan = planFromJson(json, cipher);
  } catch (error) {
    throw unfit("the plan can't be used", `${messageOf(error)}; its secrets open with the stack's own passphrase only`);
  }
  const prefix = `urn:pulumi:${stack}::${project}::`;
  const foreign = [...plan.resources.keys()].find(urn => !urn.startsWith(prefix));
  if (foreign !== undefined) throw unfit(`the plan is not of stack ${stack}`, `it has ${foreign}`);
  return plan;
}
