import { openSite } from "../support/site";
import { hosts, siteVariable } from "./site";

/** With MUSTER_FABRIC_SITE the hosts run on the Docker of that checkout's sandbox, which is up already and stays up. */
export default function start(): void {
  openSite(siteVariable);
  hosts.raise();
}
