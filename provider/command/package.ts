import { z } from "zod";
import { anyKind, type ProviderPackage, pulumisOwnPlugin } from "../provider-package";
import { localCommand } from "./local-command";
import { remoteCommand } from "./remote-command";

/** Serves the command resources of @pulumi/command; the remote ones through our own connections. */
export const commandPackage: ProviderPackage = {
  name: "command",
  version: "1.2.1",
  configuration: { inputs: z.strictObject({}), fields: {} },
  elsewhere: pulumisOwnPlugin("command"),
  kinds: [anyKind(remoteCommand), anyKind(localCommand)],
  open: (_configuration, { transport }) => ({
    cluster: "",
    hosts: transport.hosts({ hosts: [] }),
    connect: host => transport.hosts({ hosts: [host] }).runner(host.name),
  }),
};
