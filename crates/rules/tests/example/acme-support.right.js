// rules/acme-support.right.js: ServiceNow's side.
/** @type {Incoming} */
export function incoming({ replica, issue }) {
  issue.fields["category"] = replica.outage ? "outage" : "software";
}

/** @type {Via} used by [fields.area] right_via */
export const area = { outgoing: ci => ci, incoming: name => name };
