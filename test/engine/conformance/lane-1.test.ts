import { declareLane } from "./lanes";

declareLane(1);
