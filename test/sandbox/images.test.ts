import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { builtImages } from "../../sandbox/images";

describe("builtImages", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-images-"));
  const file = path.join(folder, "images.env");
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  it("reads what the build wrote", () => {
    fs.writeFileSync(file, "DOCKER_HOST=unix:///a=b.sock\nHOST_IMAGE=h:1\nSTORE_VOLUME=v\nSTORE=s\nTRAIN_IMAGE=t\n");
    expect(builtImages(file)).toEqual({
      dockerHost: "unix:///a=b.sock",
      hostImage: "h:1",
      storeVolume: "v",
      store: "s",
    });
  });

  it("names what is missing, and the remedy", () => {
    fs.writeFileSync(file, "DOCKER_HOST=unix:///a.sock\n");
    expect(() => builtImages(file)).toThrow(/has no HOST_IMAGE\.\n {2}remedy/);
    expect(() => builtImages(path.join(folder, "none"))).toThrow(/are not built\.\n {2}remedy/);
  });
});
