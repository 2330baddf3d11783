import { closeSite } from "../support/site";
import { hosts, siteVariable } from "./site";

export default function stop(): void {
  hosts.raze();
  closeSite(siteVariable);
}
