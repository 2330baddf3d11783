import { openSite } from "../support/site";
import { connectSecondNetwork, hosts, removeSecondNetwork, siteVariable } from "./site";

/** With MUSTER_DOCTOR_SITE the hosts run on the Docker of that checkout's sandbox, which is up already and stays up. */
export default function start(): void {
  openSite(siteVariable);
  removeSecondNetwork();
  hosts.raise();
  connectSecondNetwork();
}
