import type { ContainerInspect, ImageConfig } from "./inspect";
import { asksForGpus } from "./observation";

/**
 * Options of `docker run` that a container has and that no input can ask for: somebody made it by hand. What differs between
 * hosts by their engines' own settings (runtime, log driver, cgroup namespace) is not looked at.
 */
export function undeclaredOptions(container: ContainerInspect, image: ImageConfig | undefined): string[] {
  const { Config: config, HostConfig: host } = container;
  const own: ImageConfig = image ?? { User: config.User, StopSignal: config.StopSignal };
  const each = (option: string, values: readonly string[] | null | undefined) =>
    (values ?? []).map(value => `${option}=${value}`);
  const tmpfs = (container.Mounts ?? []).filter(mount => mount.Type === "tmpfs").map(mount => mount.Destination);
  const keys = (map: Record<string, unknown> | null | undefined) => Object.keys(map ?? {});
  const strangers = (host.DeviceRequests ?? []).filter((request, index) => index > 0 || !asksForGpus(request));
  return [
    ...differing("--user", config.User, own.User),
    ...differing("--stop-signal", signal(config.StopSignal), signal(own.StopSignal)),
    ...namespace("--pid", host.PidMode),
    ...namespace("--uts", host.UTSMode),
    ...namespace("--userns", host.UsernsMode),
    ...namespace("--ipc", host.IpcMode),
    ...(host.ReadonlyRootfs ? ["--read-only"] : []),
    ...(host.AutoRemove ? ["--rm"] : []),
    ...(host.PublishAllPorts ? ["--publish-all"] : []),
    ...each("--publish", keys(host.PortBindings)),
    ...each("--tmpfs", [...keys(host.Tmpfs), ...tmpfs]),
    ...each("--sysctl", keys(host.Sysctls)),
    ...each("--group-add", host.GroupAdd),
    ...each("--add-host", host.ExtraHosts),
    ...each("--dns", host.Dns),
    ...each("--volumes-from", host.VolumesFrom),
    ...each("--device-cgroup-rule", host.DeviceCgroupRules),
    ...strangers.map(request => `--device-request=${JSON.stringify(request)}`),
  ];
}

function differing(option: string, actual: string | null | undefined, expected: string | null | undefined): string[] {
  return (actual ?? "") === (expected ?? "") ? [] : [`${option}=${actual || '""'}`];
}

/** The engine's own choices: private, or shareable where its settings say so. */
function namespace(option: string, mode: string | null | undefined): string[] {
  return ["", "private", "shareable"].includes(mode ?? "") ? [] : [`${option}=${mode}`];
}

/** The CLI of docker 20.10 sends the default by name. */
function signal(name: string | null | undefined): string {
  return name === "SIGTERM" || name === "15" ? "" : (name ?? "");
}
