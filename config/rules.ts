import type { Draft } from "./draft";
import type { Lookup, Report } from "./report";
import { checkAws } from "./rules/aws";
import { checkFencing } from "./rules/fencing";
import { checkFleet } from "./rules/fleet";
import { checkNames, checkPairs } from "./rules/machines";
import { checkAddresses, checkNetworks, checkPingNodes } from "./rules/networks";
import { checkHosts } from "./rules/platforms";
import {
  checkGrace,
  checkHeartbeat,
  checkManager,
  checkPorts,
  checkQuorumDevice,
  checkReplication,
  checkShares,
} from "./rules/services";

/** Reports what is wrong between the valid values of `draft`. */
export function checkRules(draft: Draft, written: Lookup, report: Report): void {
  checkHosts(draft, report);
  checkAws(draft, written, report);
  checkPairs(draft, report);
  checkNetworks(draft, report);
  checkAddresses(draft, report);
  checkPingNodes(draft, report);
  checkNames(draft, report);
  checkFleet(draft, written, report);
  checkShares(draft, report);
  checkManager(draft, written, report);
  checkQuorumDevice(draft, report);
  checkHeartbeat(draft, report);
  checkReplication(draft, report);
  checkPorts(draft, report);
  checkGrace(draft, report);
  checkFencing(draft, written, report);
}
