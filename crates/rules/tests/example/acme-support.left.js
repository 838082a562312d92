// rules/acme-support.left.js: Jira's side. Runs after the field map, on the same objects.
/** @import { Outgoing, Incoming, Via } from "twinline" */

/** @type {Outgoing} issue ⇒ replica */
export function outgoing({ issue, replica }) {
  replica.outage = issue.labels.includes("outage");
  if (issue.fields["Confidential"] === true) {
    delete replica.description;                       // absent = not shared: never a change
    replica.comments = replica.comments.filter(c => c.channel === "public");
  }
}

/** @type {Incoming} replica ⇒ draft issue; the difference that it causes is what gets written */
export function incoming({ replica, previous, issue, before, firstSync, link }) {
  if (firstSync) issue.labels = [...issue.labels, "from-snow"];
  if (replica.status === "resolved" && previous?.status !== "resolved")
    issue.addComment("resolved", { body: `Resolved in ${link.remote.key}`, channel: "internal" });
  if (before.status === "Done" && replica.status === "active")
    hold("status", "reopening a finished bug needs a person");
}

/** @type {Via} used by [fields.area] left_via */
export const area = {
  outgoing: components => components[0] ?? null,
  incoming: name => (name === null ? [] : [name]),
};
