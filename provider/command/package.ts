import { z } from "zod";
import { anyKind, type ProviderPackage } from "../provider-package";
import { localCommand } from "./local-command";
import { remoteCommand } from "./remote-command";

/** Serves the command resources of @pulumi/command; the remote ones through our own connections. */
export const commandPackage: ProviderPackage = {
  name: "command",
  version: "1.2.1",
  configuration: { inputs: z.strictObject({}), fields: {} },
  unknownInputRemedy: "It may be one that only the stock engine serves: muster --engine pulumi",
  kinds: [anyKind(remoteCommand), anyKind(localCommand)],
  open: (_configuration, { transport }) => ({
    cluster: "",
    hosts: transport.hosts({ hosts: [] }),
    connect: host => transport.hosts({ hosts: [host] }).runner(host.name),
  }),
};
