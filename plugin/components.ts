import { Lab, NfsCluster } from "../components";

/** What programs in other languages than TypeScript find in the package; the rest is parts of these. */
export const COMPONENTS = { NfsCluster, Lab };
