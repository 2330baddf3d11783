import { closeSite } from "../support/site";
import { hosts, removeSecondNetwork, siteVariable } from "./site";

export default function stop(): void {
  removeSecondNetwork();
  hosts.raze();
  closeSite(siteVariable);
}
