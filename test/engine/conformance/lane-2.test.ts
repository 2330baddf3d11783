import { declareLane } from "./lanes";

declareLane(2);
