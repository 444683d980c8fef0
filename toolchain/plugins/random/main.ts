import { serveProvider } from "../provider";
import { randomPassword } from "./password";

/** The version of @pulumi/random that this stands in for. */
serveProvider("4.21.1", { "random:index/randomPassword:RandomPassword": randomPassword });
