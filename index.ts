import * as c from "@pulumi/command";
import * as d from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
export const x = [pulumi.output(1), d.Container, c.remote.Command];
