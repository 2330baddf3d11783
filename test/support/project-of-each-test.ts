import { TestProject } from "./test-project";
import { TestProvider } from "./test-provider";

/** Made anew for each test of a file that imports them, and gone after it. */
export let provider: TestProvider;
export let project: TestProject;

beforeEach(async () => {
  provider = new TestProvider();
  project = await TestProject.create(provider);
});

afterEach(() => {
  provider.close();
  project.remove();
});
