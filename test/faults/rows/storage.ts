import { expectFailure, type Fault } from "../fault";
import { appFolder } from "../wanted";

const folder = appFolder("faults");
const unmount = `umount ${folder}`;

export const storageFaults: readonly Fault[] = [
  {
    fault: "the disk is full",
    injected: "a small file system over the folder on node-1, filled to the last byte",
    expected:
      "node-1 and the path are named, with the kernel's words; the old files are whole, no temporary file stays; node-2 is done; exit 1",
    async run(stage) {
      await stage.change();
      const node = stage.host("node-1");
      const fill = `t=$(mktemp -d); cp -a ${folder}/. $t/; mount -t tmpfs -o size=64k,mode=755 full ${folder}
        cp -a $t/. ${folder}/; rm -rf $t; dd if=/dev/zero of=${folder}/ballast bs=1k 2>/dev/null; true`;
      await stage.harmHost("node-1", fill, unmount);
      expectFailure(await stage.up(), { "node-1": /No space left on device/ });
      expect(await node.ask(`cat ${folder}/text; ls -A ${folder}`)).toBe(
        `version ${stage.operator.wants.version - 1}\nballast\nruns\nsecret\ntext`,
      );
      await stage.done("node-2");
      await stage.lift();
      await stage.converges();
    },
  },
  {
    fault: "the file system is read-only",
    injected: "the folder on node-1 is mounted read-only over itself",
    expected: "node-1 and the path are named, with the kernel's words; node-2 is done; exit 1",
    async run(stage) {
      await stage.change();
      await stage.harmHost("node-1", `mount --bind ${folder} ${folder} && mount -o remount,ro,bind ${folder}`, unmount);
      expectFailure(await stage.up(), { "node-1": /Read-only file system/ });
      await stage.done("node-2");
      await stage.lift();
      await stage.converges();
    },
  },
  {
    fault: "a file cannot be replaced (chattr +i, or a mount point)",
    injected: "something is mounted over the file itself on node-1",
    expected: "node-1 and the path are named; node-2 is done; exit 1",
    async run(stage) {
      await stage.change();
      await stage.harmHost("node-1", `mount --bind ${folder}/text ${folder}/text`, `umount ${folder}/text`);
      expectFailure(await stage.up(), { "node-1": /text.*(busy|Device or resource busy)/i });
      await stage.done("node-2");
      await stage.lift();
      await stage.converges();
    },
  },
];
